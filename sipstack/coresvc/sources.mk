coresvc_sources = sipstack/coresvc/coresvc.c sipstack/coresvc/destination_selection.c \
	sipstack/coresvc/server_location.c sipstack/coresvc/symmetric_udp.c \
	sipstack/coresvc/via_management.c sipstack/coresvc/coresvc_priv.h
coresvc_headers = sipstack/include/peal/sip/connection_svc.h
