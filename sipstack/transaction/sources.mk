transaction_sources = sipstack/transaction/transaction_priv.h
transaction_headers =
