useragent_sources = sipstack/useragent/dialog.c sipstack/useragent/generic.c \
	sipstack/useragent/session.c sipstack/useragent/session_bye.c \
	sipstack/useragent/session_fork.c sipstack/useragent/session_rest.c \
	sipstack/useragent/session_uac.c sipstack/useragent/session_uas.c \
	sipstack/useragent/sip_init.c sipstack/useragent/user_agent.c \
	sipstack/useragent/user_agent_config.c sipstack/useragent/user_agent_in.c \
	sipstack/useragent/user_agent_out.c sipstack/useragent/user_agent_tags.c \
	sipstack/useragent/user_agent_inner.h sipstack/useragent/useragent_priv.h
useragent_headers = sipstack/include/peal/sip/user_agent_svc.h \
	sipstack/include/peal/sip/session_svc.h sipstack/include/peal/sip/generic_svc.h
