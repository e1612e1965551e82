#pragma once
#include "CBridgeSQLite.h"
#include "CBridgeThread.h"
