#pragma once
#include "CBridgeHTTP.h"
#include "CBridgeLua.h"
#include "CBridgeSQLite.h"
#include "CBridgeThread.h"
