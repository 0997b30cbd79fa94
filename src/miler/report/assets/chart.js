// The pace chart is drawn by the server; this lets a reader ask it.
"use strict";
