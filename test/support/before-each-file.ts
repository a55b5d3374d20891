// Runs before each test file. Test files share a process and its modules, so a hook at the top of a shared module would be
// for the first file that imports it, and for no other.

import { afterEach } from "vitest";
import { undoAll } from "./undo.ts";

// A local server in this process sets it, and an earlier file may have had one.
process.umask(0o022);

afterEach(undoAll);
