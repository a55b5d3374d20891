// `npx durable-mqtt`, and `npm start`, which is its first command.

import { runCommand } from "./commands.ts";

// `durable-mqtt … | head -1`: nobody reads any more, which is not an error. A command that goes on listens for itself.
for (const output of [process.stdout, process.stderr]) {
  output.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

void runCommand(process.argv.slice(2)).then(({ exitCode, line }) => {
  if (line !== undefined) process.stderr.write(`${line}\n`);
  if (exitCode !== 0) process.exitCode = exitCode;
});
