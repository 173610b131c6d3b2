transaction_sources = sipstack/transaction/transaction_priv.h sipstack/transaction/txn_inner.h \
	sipstack/transaction/client_txn.c sipstack/transaction/invite_client_txn.c \
	sipstack/transaction/invite_server_txn.c sipstack/transaction/non_invite_client_txn.c \
	sipstack/transaction/non_invite_server_txn.c sipstack/transaction/send_once.c \
	sipstack/transaction/server_txn.c sipstack/transaction/transaction.c \
	sipstack/transaction/txn_build.c sipstack/transaction/txn_common.c
transaction_headers =
