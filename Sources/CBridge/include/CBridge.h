#pragma once
#include "CBridgeHTTP.h"
#include "CBridgeLua.h"
#include "CBridgeSQLite.h"
#include "CBridgeSQLiteFault.h"
#include "CBridgeSystem.h"
#include "CBridgeZip.h"
#include "CBridgeTransfer.h"
