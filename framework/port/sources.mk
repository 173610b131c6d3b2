port_sources =
port_headers = framework/include/peal/port.h framework/include/peal/sim.h
