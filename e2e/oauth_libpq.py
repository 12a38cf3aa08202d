"""Logs in by OAUTHBEARER with the libpq of PostgreSQL 18, which fetches its token from here and not from an issuer.

The library's own way to fetch one (the device flow) is a module that not every build has; where tokens come from is all
that it would add. LIBPQ names the library, CONNINFO says where to, TOKEN is the token. What libpq was told by the server
is printed before what came of it.
"""

import ctypes
import os

WANTS_TOKEN = 1  # PQAUTHDATA_OAUTH_BEARER_TOKEN
CONNECTION_OK = 0


class Request(ctypes.Structure):
    """PGoauthBearerRequest of libpq-fe.h."""

    _fields_ = [
        ("openid_configuration", ctypes.c_char_p),
        ("scope", ctypes.c_char_p),
        ("run", ctypes.c_void_p),
        ("cleanup", ctypes.c_void_p),
        ("token", ctypes.c_char_p),
        ("user", ctypes.c_void_p),
    ]


libpq = ctypes.CDLL(os.environ["LIBPQ"])
libpq.PQconnectdb.restype = ctypes.c_void_p
libpq.PQexec.restype = ctypes.c_void_p
libpq.PQerrorMessage.restype = ctypes.c_char_p
libpq.PQgetvalue.restype = ctypes.c_char_p
token = os.environ["TOKEN"].encode()


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Request))
def hook(kind, _connection, request):
    if kind != WANTS_TOKEN:
        return 0
    print("configuration", request.contents.openid_configuration.decode())
    print("scope", request.contents.scope.decode())
    request.contents.token = token
    return 1


libpq.PQsetAuthDataHook(hook)
connection = ctypes.c_void_p(libpq.PQconnectdb(os.environ["CONNINFO"].encode()))
if libpq.PQstatus(connection) == CONNECTION_OK:
    result = ctypes.c_void_p(libpq.PQexec(connection, b"SELECT current_database()"))
    print("database", libpq.PQgetvalue(result, 0, 0).decode())
    libpq.PQclear(result)
else:
    print(libpq.PQerrorMessage(connection).decode().strip())
libpq.PQfinish(connection)
