transport_sources = sipstack/transport/transport_priv.h sipstack/transport/transport_inner.h \
	sipstack/transport/net_error.c sipstack/transport/response_route.c \
	sipstack/transport/transport.c sipstack/transport/transport_overload.c \
	sipstack/transport/transport_receive.c sipstack/transport/transport_send.c \
	sipstack/transport/transport_udp.c sipstack/transport/stateless_tag.c \
	sipstack/transport/via_stamp.c
transport_headers =
