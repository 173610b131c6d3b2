ecom_sources =
ecom_headers = framework/include/peal/ecom.h framework/include/peal/ecom_impl.h
