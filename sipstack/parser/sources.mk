parser_sources = sipstack/parser/sip_version.c \
	sipstack/parser/txn_key.c sipstack/parser/dialog_key.c \
	sipstack/parser/char_table.c sipstack/parser/header_table.c sipstack/parser/header_hash.h \
	sipstack/parser/reason_phrase.c sipstack/parser/parser_inner.h sipstack/parser/parser_priv.h \
	sipstack/parser/parser_scan.h \
	sipstack/parser/sip_scan.c sipstack/parser/sip_param.c sipstack/parser/sip_list.c \
	sipstack/parser/sip_uri.c sipstack/parser/sip_uri_compare.c \
	sipstack/parser/uri_text.c sipstack/parser/uri_phone.c sipstack/parser/uri_fields.c \
	sipstack/parser/uri_write.c sipstack/parser/name_addr_write.c sipstack/parser/parser_write.h \
	sipstack/parser/header_via.c sipstack/parser/header_address.c sipstack/parser/header_simple.c \
	sipstack/parser/header_auth.c sipstack/parser/header_date.c sipstack/parser/header_event.c \
	sipstack/parser/header_field.c sipstack/parser/header_identity.c sipstack/parser/header_inner.h \
	sipstack/parser/header_kind.c sipstack/parser/header_out.c sipstack/parser/header_session.c \
	sipstack/parser/header_shape.c \
	sipstack/parser/packet_arena.c sipstack/parser/packet_body.c sipstack/parser/packet_check.c \
	sipstack/parser/packet_decode.c \
	sipstack/parser/packet_encode.c sipstack/parser/packet_frame.c sipstack/parser/packet_info.c \
	sipstack/parser/packet_lines.c sipstack/parser/packet_edit.c sipstack/parser/packet_new.c sipstack/parser/packet_start.c \
	sipstack/parser/packet_typed.c sipstack/parser/sipfrag.c \
	sipstack/parser/header_lines.c sipstack/parser/multipart_read.c \
	sipstack/parser/multipart_write.c sipstack/parser/transfer_coding.c \
	sipstack/parser/encoded_word.c sipstack/parser/message_summary.c sipstack/parser/stream.c
parser_headers = sipstack/include/peal/sip/packet.h sipstack/include/peal/sip/uri.h sipstack/include/peal/sip/header.h sipstack/include/peal/sip/version.h \
	sipstack/include/peal/sip/body.h sipstack/include/peal/sip/encoded_word.h sipstack/include/peal/sip/keys.h \
	sipstack/include/peal/sip/multipart.h sipstack/include/peal/sip/stream.h
parser_headers += sipstack/include/peal/sip/header_access.h sipstack/include/peal/sip/header_auth.h \
	sipstack/include/peal/sip/header_date.h sipstack/include/peal/sip/header_event.h \
	sipstack/include/peal/sip/header_identity.h sipstack/include/peal/sip/header_session.h
EXTRA_DIST += sipstack/parser/gen_tables.py
