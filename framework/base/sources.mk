base_sources = framework/base/version.c
base_headers = framework/include/peal/peal.h framework/include/peal/base.h framework/include/peal/result.h framework/include/peal/alloc.h framework/include/peal/list.h framework/include/peal/hash.h \
	framework/include/peal/socket_addr.h framework/include/peal/trace.h framework/include/peal/version.h
