base_sources = framework/base/version.c framework/base/result.c framework/base/str.c framework/base/alloc.c \
	framework/base/pool.c framework/base/slab.c framework/base/slab.h framework/base/siphash.c framework/base/hash_table.c framework/base/socket_addr.c \
	framework/base/blob.c framework/base/vec.c framework/base/uuid.c framework/base/trace.c \
	framework/base/base_priv.h
base_headers = framework/include/peal/peal.h framework/include/peal/base.h framework/include/peal/result.h framework/include/peal/alloc.h framework/include/peal/list.h framework/include/peal/hash.h \
	framework/include/peal/socket_addr.h framework/include/peal/trace.h framework/include/peal/version.h framework/include/peal/blob.h \
	framework/include/peal/vec.h framework/include/peal/uuid.h
