coresvc_sources =
coresvc_headers = sipstack/include/peal/sip/connection_svc.h
