import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { AppError } from "../../shared/errors.ts";

/** Where a fetched file goes: into a folder under its own name, or under the name given. An existing file is never replaced. */
export async function targetOf(to: string, name: string): Promise<string> {
  const given = wholePath(to);
  const there = await stat(given).catch(() => undefined);
  const target = there?.isDirectory() ? path.join(given, name) : given;
  if (await stat(target).catch(() => undefined)) throw occupied(target);
  if (!(await stat(path.dirname(target)).catch(() => undefined))?.isDirectory())
    throw notThere(path.dirname(target), "folder");
  return target;
}

export async function sourceOf(file: string): Promise<string> {
  const given = wholePath(file);
  if ((await stat(given).catch(() => undefined))?.isFile()) return given;
  throw notThere(given, "file");
}

/** The console's own folder of work is not the caller's: a relative path would mean something else to each. */
function wholePath(text: string): string {
  const given = text.startsWith("~/") ? path.join(homedir(), text.slice(2)) : text;
  if (path.isAbsolute(given)) return path.normalize(given);
  throw new AppError("InvalidInput", `${text} is no whole path.`, {
    retryable: false,
    next: "Write the path from the root on, or from ~/ on.",
  });
}

function notThere(name: string, what: "file" | "folder"): AppError {
  return new AppError("NotFound", `There is no ${what} ${name} on this console's machine.`, {
    retryable: false,
    next: "Name one that exists there.",
  });
}

export function occupied(target: string): AppError {
  return new AppError("Conflict", `${target} exists already.`, {
    retryable: false,
    next: "It was left as it is. Fetch the archive under another name.",
  });
}
