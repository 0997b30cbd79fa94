// The pace light: the runner and whom he chases, on the way that he ran.
"use strict";
