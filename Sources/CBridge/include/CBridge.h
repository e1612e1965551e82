#pragma once
#include "CBridgeHTTP.h"
#include "CBridgeSQLite.h"
#include "CBridgeThread.h"
