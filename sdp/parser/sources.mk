sdp_parser_sources = sdp/parser/sdp_version.c
sdp_parser_headers = sdp/include/peal/sdp/version.h
