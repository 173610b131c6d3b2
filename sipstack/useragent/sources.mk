useragent_sources =
useragent_headers = sipstack/include/peal/sip/user_agent_svc.h sipstack/include/peal/sip/session_svc.h sipstack/include/peal/sip/generic_svc.h
