"""Cancels a query by the libpq of PostgreSQL 18: by the connection's own key, in its own way to begin TLS.

LIBPQ names the library, CONNINFO says where to and how. Printed are the version of the protocol that both sides have agreed
on, and what the query heard.
"""

import ctypes
import os
import time

CONNECTION_OK = 0

libpq = ctypes.CDLL(os.environ["LIBPQ"])
for function in ["PQconnectdb", "PQgetResult", "PQcancelCreate"]:
    getattr(libpq, function).restype = ctypes.c_void_p
for function in ["PQerrorMessage", "PQcancelErrorMessage", "PQresultErrorField"]:
    getattr(libpq, function).restype = ctypes.c_char_p

connection = ctypes.c_void_p(libpq.PQconnectdb(os.environ["CONNINFO"].encode()))
if libpq.PQstatus(connection) != CONNECTION_OK:
    raise SystemExit(libpq.PQerrorMessage(connection).decode())
print("protocol", libpq.PQfullProtocolVersion(connection))
libpq.PQsendQuery(connection, b"SELECT pg_sleep(20)")
# one that comes before the query cancels nothing
time.sleep(1)
cancel = ctypes.c_void_p(libpq.PQcancelCreate(connection))
if not libpq.PQcancelBlocking(cancel):
    raise SystemExit(libpq.PQcancelErrorMessage(cancel).decode())
libpq.PQcancelFinish(cancel)
result = ctypes.c_void_p(libpq.PQgetResult(connection))
print(libpq.PQresultErrorField(result, ord("C")).decode(), libpq.PQresultErrorField(result, ord("M")).decode())
libpq.PQfinish(connection)
