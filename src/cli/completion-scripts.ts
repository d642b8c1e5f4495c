// What shells load: each asks `dockwarden complete-words` for what fits, so the scripts hold no word of the program.

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** The last word may be empty and is passed all the same; `--` keeps the program's own options apart. */
const BASH = `# dockwarden completion for bash; load it with: source <(dockwarden completion bash)
_dockwarden() {
  # Bash itself takes : for the end of a word; the line as it was typed has the words that count.
  local line="\${COMP_LINE:0:COMP_POINT}" words=() word last kept quote
  read -ra words <<< "$line"
  [[ "$line" == *[[:space:]] ]] && words+=("")
  last="\${words[-1]}"
  # What bash takes for finished words is not put in once more.
  kept="\${last%"\${last##*[:=]}"}"
  # Behind a quote it is one word for bash, too, and closed by bash itself.
  quote=""
  [[ "$last" == [\\"\\']* ]] && quote=yes kept=""
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    word="\${word#"$kept"}"
    # A pattern in quotes, or the shell would put file names in its place.
    [[ -z "$quote" && "$word" == *'*'* ]] && word="'$word'"
    COMPREPLY+=("$word")
  done < <("\${words[0]}" complete-words -- "\${words[@]:1}" 2> /dev/null)
}
complete -o default -F _dockwarden dockwarden
`;

const ZSH = `#compdef dockwarden
# dockwarden completion for zsh; load it with: source <(dockwarden completion zsh)
_dockwarden() {
  local -a found
  local line word
  for line in "\${(@f)$("\${words[1]}" complete-words -- "\${(@)words[2,CURRENT]}" 2> /dev/null)}"; do
    word="\${line%%$'\\t'*}"
    [[ -z "$word" ]] && continue
    found+=("\${word//:/\\\\:}:\${line#*$'\\t'}")
  done
  (( \${#found} )) && _describe 'dockwarden' found || _files
}
(( \${+functions[compdef]} )) && compdef _dockwarden dockwarden
`;

const FISH = `# dockwarden completion for fish; load it with: dockwarden completion fish | source
function __dockwarden_complete
    set -l words (commandline -opc) (commandline -ct)
    $words[1] complete-words -- $words[2..-1] 2> /dev/null
end
complete -c dockwarden -a '(__dockwarden_complete)'
`;

/** The script of a shell. */
export function completionScript(shell: Shell): string {
  switch (shell) {
    case "bash":
      return BASH;
    case "zsh":
      return ZSH;
    case "fish":
      return FISH;
  }
}
