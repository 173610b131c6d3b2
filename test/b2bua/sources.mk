# The command line of peal-b2bua.
b2bua_tests = test/b2bua/options.py
EXTRA_DIST += $(b2bua_tests)
TESTS += $(b2bua_tests)
# peal-b2bua inside of a test program.
b2bua_node_sources = test/b2bua/b2bua_node.c test/b2bua/b2bua_node.h
flow_file_sources = test/b2bua/flow_files.c test/b2bua/flow_files.h
if HAVE_CHECK
check_PROGRAMS += test_b2bua_sim
TESTS += test_b2bua_sim
test_b2bua_sim_SOURCES = test/b2bua/test_b2bua_sim.c $(b2bua_node_sources) $(flow_file_sources)
test_b2bua_sim_CFLAGS = $(test_cflags)
test_b2bua_sim_LDADD = libpeal-b2bua-objs.la $(test_sip_libs)
# The scenarios of SIPp in test/flows; it needs Expat.
check_PROGRAMS += test_sipp_sim
TESTS += test_sipp_sim
test_sipp_sim_SOURCES = test/b2bua/test_sipp_sim.c test/b2bua/sipp_file.c test/b2bua/sipp_file.h \
	test/b2bua/sipp_play.c test/b2bua/sipp_play.h $(b2bua_node_sources)
test_sipp_sim_CFLAGS = $(test_cflags) $(EXPAT_CFLAGS)
test_sipp_sim_LDADD = libpeal-b2bua-objs.la $(test_sip_libs) $(EXPAT_LIBS)
endif
# The same flows against the program itself.
check_PROGRAMS += play_flows
TESTS += play_flows
play_flows_SOURCES = test/b2bua/play_flows.c $(flow_file_sources)
play_flows_LDADD = libpeal-test-objs.la libpeal-objs.la $(UV_LIBS)
