# Checks of the tree, the headers and the libraries themselves.
EXTRA_DIST += test/checks/check_kit.py doc/Doxyfile
check_scripts = test/checks/check_headers.py test/checks/check_layers.py \
	test/checks/check_symbols.py test/checks/check_tree.py test/checks/check_doc.py
dist_check_SCRIPTS += $(check_scripts)
TESTS += $(check_scripts)
