parser_sources = sipstack/parser/sip_version.c
parser_headers = sipstack/include/peal/sip/packet.h sipstack/include/peal/sip/uri.h sipstack/include/peal/sip/header.h sipstack/include/peal/sip/version.h
