# Flows of peal-b2bua with SIPp and raw UDP peers on the other sides. One file is one test; each of its
# flows runs in one of the thread modes in turn (all of them with PEAL_FULL=1).
TEST_EXTENSIONS = .py
PY_LOG_COMPILER = env PYTHONDONTWRITEBYTECODE=1 $(PYTHON3)
PYTHON3 = python3

flow_tests = test/flows/basic.py test/flows/cancel.py test/flows/failover.py test/flows/fork.py \
	test/flows/garbage.py test/flows/limits.py test/flows/load.py test/flows/loss.py \
	test/flows/messages.py test/flows/record.py test/flows/reinvite.py test/flows/rubbish.py \
	test/flows/valgrind.py
flow_scenarios = test/flows/uac.xml test/flows/uac_cancel.xml test/flows/uac_delayed.xml \
	test/flows/uac_loss.xml test/flows/uac_reinvite.xml test/flows/uac_reject.xml \
	test/flows/uac_waits.xml test/flows/uas.xml test/flows/uas_bye.xml \
	test/flows/uas_cancel.xml test/flows/uas_delayed.xml \
	test/flows/uas_reinvite.xml test/flows/uas_reject.xml
# The same flows as scripts of the test kit, for the simulator and the real thing.
flow_scripts = test/flows/scripts/prelude.flow test/flows/scripts/basic.flow \
	test/flows/scripts/bounds.flow test/flows/scripts/cancels.flow \
	test/flows/scripts/crossing.flow test/flows/scripts/failovers.flow \
	test/flows/scripts/faults.flow \
	test/flows/scripts/forks.flow test/flows/scripts/nonsense.flow \
	test/flows/scripts/reinvites.flow
EXTRA_DIST += $(flow_scripts) $(flow_tests) $(flow_scenarios) test/flows/flow_kit.py test/flows/run_flow.sh
TESTS += $(flow_tests)
