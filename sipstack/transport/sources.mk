transport_sources = sipstack/transport/transport_priv.h
transport_headers =
