ecom_sources = framework/ecom/ecom.c framework/ecom/ecom_debug.c framework/ecom/registry.c \
	framework/ecom/init.c framework/ecom/ecom_priv.h
ecom_headers = framework/include/peal/ecom.h framework/include/peal/ecom_impl.h
