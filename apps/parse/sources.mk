# peal-parse
bin_PROGRAMS += peal-parse
peal_parse_SOURCES = apps/parse/parse_main.c apps/parse/parse_options.c apps/parse/parse_output.c \
	apps/parse/parse_show.c apps/parse/parse_body.c apps/parse/parse_fields.c \
	apps/parse/parse_canonical.c apps/parse/parse_fault.c apps/parse/parse_text.c apps/parse/parse_stream.c \
	apps/parse/parse_priv.h
peal_parse_LDADD = libpeal-sip.la libpeal.la
dist_man1_MANS += apps/parse/peal-parse.1
