sdp_parser_sources = sdp/parser/sdp_version.c sdp/parser/sdp_parser_priv.h sdp/parser/sdp_parse.c \
	sdp/parser/sdp_query.c sdp/parser/sdp_write.c
sdp_parser_headers = sdp/include/peal/sdp/version.h sdp/include/peal/sdp/sdp.h
