# peal-b2bua
