# tests: transaction
check_PROGRAMS += test_transaction
TESTS += test_transaction
test_transaction_SOURCES = test/transaction/test_transaction.c test/transaction/test_invite_client.c \
	test/transaction/test_invite_server.c test/transaction/test_non_invite.c \
	test/transaction/test_txn_layer.c test/transaction/test_txn_matching.c \
	test/transaction/txn_world.c test/transaction/txn_world.h
test_transaction_CFLAGS = $(test_cflags)
test_transaction_LDADD = $(test_sip_libs)
