import type { Command } from "commander";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** What can follow each chain of words: "tenant get" → ["--home", "--json", …]. */
interface Place {
  readonly words: string;
  readonly next: readonly string[];
}

/** A completion script for the shell, made from the commands themselves, so that it never lags behind. */
export function completionScript(program: Command, shell: Shell): string {
  const places = placesOf(program, "");
  if (shell === "fish") return fish(places);
  const cases = places.map(({ words, next }) => `    "${words}") candidates="${next.join(" ")}" ;;`).join("\n");
  const lookUp = `  local words="" candidates="" word
  for word in "\${given[@]}"; do
    case "$word" in -*) ;; *) words="\${words:+$words }$word" ;; esac
  done
  while :; do
    case "$words" in
${cases.replaceAll("    ", "      ")}
    esac
    [ -n "$candidates" ] || [ -z "$words" ] && break
    case "$words" in *" "*) words="\${words% *}" ;; *) words="" ;; esac
  done`;
  if (shell === "bash") {
    return `_fleetwright() {
  local given=("\${COMP_WORDS[@]:1:COMP_CWORD-1}")
${lookUp}
  COMPREPLY=($(compgen -W "$candidates" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _fleetwright fleetwright
`;
  }
  return `#compdef fleetwright
_fleetwright() {
  local -a given; given=("\${(@)words[2,CURRENT-1]}")
  _fleetwright_candidates
}
_fleetwright_candidates() {
${lookUp}
  compadd -- \${(z)candidates}
}
compdef _fleetwright fleetwright
`;
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ words, next }) => {
    const chain = words === "" ? [] : words.split(" ");
    const seen = chain.map((word) => `__fish_seen_subcommand_from ${word}`);
    const verbs = next.filter((word) => !word.startsWith("-"));
    const notYet = verbs.length > 0 ? [`not __fish_seen_subcommand_from ${verbs.join(" ")}`] : [];
    const condition = [...seen, ...notYet].join("; and ") || "true";
    return [
      ...(verbs.length > 0 ? [`complete -c fleetwright -f -n '${condition}' -a '${verbs.join(" ")}'`] : []),
      ...next
        .filter((word) => word.startsWith("--"))
        .map((word) => `complete -c fleetwright -n '${seen.join("; and ") || "true"}' -l ${word.slice(2)}`),
    ];
  });
  return `${lines.join("\n")}\n`;
}

function placesOf(command: Command, words: string): Place[] {
  const children = command.commands.filter((child) => !isHidden(child));
  const options = command.options.filter((option) => !option.hidden).flatMap((option) => option.long ?? []);
  const below = children.flatMap((child) => placesOf(child, words === "" ? child.name() : `${words} ${child.name()}`));
  return [{ words, next: [...children.map((child) => child.name()), ...options, "--help"] }, ...below];
}

function isHidden(command: Command): boolean {
  return (command as Command & { readonly _hidden?: boolean })._hidden === true;
}
