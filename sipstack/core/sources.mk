core_sources = sipstack/core/client_event.c sipstack/core/client_orphan.c \
	sipstack/core/client_request.c sipstack/core/client_response.c sipstack/core/client_try.c \
	sipstack/core/context.c \
	sipstack/core/context_template.c sipstack/core/core_config.c sipstack/core/core_ids.c \
	sipstack/core/core_input.c sipstack/core/core_listen.c sipstack/core/core_priv.h \
	sipstack/core/core_shutdown.c sipstack/core/dialog_matcher.c sipstack/core/dispatcher.c \
	sipstack/core/local_address.c sipstack/core/resend.c sipstack/core/selection.c \
	sipstack/core/server_request.c sipstack/core/service_order.c
core_headers = sipstack/include/peal/sip/core_config.h sipstack/include/peal/sip/events.h \
	sipstack/include/peal/sip/context.h sipstack/include/peal/sip/service.h \
	sipstack/include/peal/sip/dialog_matcher.h
