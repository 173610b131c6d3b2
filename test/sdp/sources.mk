# tests: sdp
