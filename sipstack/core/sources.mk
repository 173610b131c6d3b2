core_sources =
core_headers = sipstack/include/peal/sip/core_config.h sipstack/include/peal/sip/events.h sipstack/include/peal/sip/context.h sipstack/include/peal/sip/service.h sipstack/include/peal/sip/dialog_matcher.h
