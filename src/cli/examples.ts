// Examples for the help of every verb; patterns always in quotes, or the shell would put file names in their place.
import type { Command } from "commander";

/** Verb with its noun → command lines without the program's name. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  init: ["init", "--config /etc/dockwarden/config.yml init"],
  serve: ["serve", "serve --create"],
  migrate: ["migrate"],
  backup: [
    "backup /var/backups/dockwarden.tar",
    "backup /var/backups/dockwarden.tar --force",
    "backup policy.tar --without-keys",
    "backup - > dockwarden.tar",
  ],
  restore: [
    "restore /var/backups/dockwarden.tar --dry-run",
    "restore /var/backups/dockwarden.tar --force",
    "restore - < dockwarden.tar",
  ],
  export: [
    "export > policy.yml",
    "export --with-hashes > policy-with-hashes.yml",
    "export --schema > policy.schema.json",
  ],
  apply: [
    "apply policy.yml --dry-run",
    "apply policy.yml",
    "apply policy.yml --yes",
    "apply additions.yml --keep",
  ],
  demo: ["demo"],
  completion: [
    "completion bash > /etc/bash_completion.d/dockwarden",
    "completion zsh > _dockwarden   (into a folder of your fpath)",
    "completion fish > ~/.config/fish/completions/dockwarden.fish",
  ],
  "complete-words": ["complete-words user li"],
  doctor: [
    "doctor --before-start",
    "doctor --registry-config /etc/docker/registry/config.yml",
    "doctor --registry-config - < config.yml",
    "doctor --registry https://registry.example.com --json",
    "doctor --registry https://registry.example.com --past 192.0.2.7:5000",
  ],
  shadow: [
    "shadow --peer https://auth.example.com/auth --log /var/log/nginx/access.log --passwords passwords.txt",
    "shadow --peer http://localhost:5001/token --log access.log --follow",
    "shadow --peer https://auth.example.com/auth --log - --json < access.log",
  ],
  "user add": [
    "user add developer --permissions view,pull,push",
    "user add ci --generate --expires 90d",
    "user add reader --password-stdin < password.txt",
  ],
  "user passwd": [
    "user passwd developer",
    "user passwd developer --generate",
    "user passwd developer --keep-tokens",
  ],
  "user list": [
    "user list --json",
    "user list --group ml --permission push",
    "user list --ends-within 30d",
    "user list --disabled",
  ],
  "user show": ["user show developer"],
  "user update": [
    "user update developer --permissions view,pull",
    "user update contractor --expires 2027-01-31",
  ],
  "user rename": ["user rename dev developer"],
  "user disable": ["user disable developer"],
  "user enable": ["user enable developer"],
  "user unlock": ["user unlock developer"],
  "user remove": ["user remove developer", "user remove developer --yes"],
  "robot add": [
    "robot add ci-team --permissions pull,push --owner developer",
    "robot add cluster --output kubernetes --registry registry.example.com > secret.yml",
    "robot add deploy --output dockerconfig --registry localhost:5000 > config.json",
  ],
  "robot rotate": [
    "robot rotate ci-team",
    "robot rotate ci-team --output env --registry localhost:5000 > registry.env",
  ],
  "robot list": ["robot list", "robot list --owner developer --json"],
  "robot show": ["robot show ci-team"],
  "robot update": ["robot update ci-team --owner operator", "robot update ci-team --no-owner"],
  "robot rename": ["robot rename ci-team ci-shop"],
  "robot disable": ["robot disable ci-team"],
  "robot enable": ["robot enable ci-team"],
  "robot remove": ["robot remove ci-team", "robot remove ci-team --yes"],
  "token create": [
    "token create developer --description laptop",
    'token create developer --image "team/**" --actions pull --expires 30d',
  ],
  "token list": ["token list", "token list developer --ended --json"],
  "token revoke": ["token revoke 12", "token revoke --account developer --logins --yes"],
  "token confirm": ["token confirm 12 13", "token confirm --all"],
  "group add": ["group add ml"],
  "group list": ["group list"],
  "group show": ["group show ml"],
  "group add-member": ["group add-member ml developer reader"],
  "group remove-member": ["group remove-member ml reader"],
  "group remove": ["group remove ml"],
  "image register": [
    "image register telechat --users developer,group:ml",
    'image register "team/**" --internal --actions pull',
    "image register base --public",
    'image register "prod/**" --internal --actions pull --immutable',
  ],
  "image update": [
    "image update telechat --users developer,reader",
    'image update "team/**" --exclusive',
    'image update "prod/**" --no-immutable',
  ],
  "image unregister": ["image unregister telechat", 'image unregister "team/**" --yes'],
  "image list": [
    "image list --for developer --exclusive",
    'image list --pattern "team/**" --service registry',
    "image list --prefix team/ --sort registered --limit 50",
    "image list --public --json",
    "image list --held --sort pulled",
    "image list --sort size --unused 90d",
  ],
  "image show": [
    "image show telechat",
    "image show telechat:7b-fp16 --json",
    'image show "team/**"',
  ],
  "image sync": ["image sync", "image sync team/app team/base --service registry"],
  "image delete": [
    "image delete team/app:v1",
    "image delete team/app --dry-run",
    "image delete --unused 180d --dry-run",
  ],
  "image list-accessible": ["image list-accessible reader"],
  "access grant": [
    "access grant telechat reader",
    'access grant "team/**" group:team --actions pull,push --expires 30d',
  ],
  "access revoke": [
    "access revoke telechat reader",
    'access revoke "team/**" group:team --actions push',
  ],
  "access check": [
    "access check reader telechat --action push",
    "access check @anonymous base --json",
    "access check --ref 7F3KQ2",
  ],
  "access list": ["access list developer", "access list @anonymous --json"],
  "access who": ["access who telechat --action push"],
  "access review": [
    "access review --limit 50",
    "access review --group ml",
    "access review --unused 90d",
    "access review --json",
  ],
  "access test": [
    "access test rights.txt",
    "access test - < rights.txt",
    "access test rights.txt --policy policy.yml",
  ],
  "import htpasswd": [
    "import htpasswd /etc/registry/htpasswd --dry-run",
    "import htpasswd /etc/registry/htpasswd --keep-access",
    "import htpasswd team.htpasswd --permissions view,pull --groups team",
  ],
  "import users-json": [
    "import users-json users.json --dry-run",
    "import users-json users.json --htpasswd /etc/registry/htpasswd",
  ],
  "import images-json": [
    "import images-json images.json --dry-run",
    "import images-json images.json --fold-tags",
    "import images-json images.json --service registry --skip-invalid",
  ],
  "import docker-auth": [
    "import docker-auth auth_config.yml --dry-run",
    "import docker-auth auth_config.yml --skip-invalid",
  ],
  "key list": ["key list"],
  "key rotate": [
    "key rotate",
    "key rotate --ca   (then give trust/token-ca.pem to the registries, then:)",
    "key rotate --activate",
  ],
  "key import": [
    "key import --key signing.key --cert chain.pem",
    "key import --ca --key ca.key --cert ca.pem",
  ],
  "key export-bundle": ["key export-bundle > token-ca.pem"],
  "key export-jwks": ["key export-jwks > jwks.json"],
  "audit list": [
    "audit list --since 7d",
    "audit list --account reader --json",
    'audit list --image "team/**" --outcome refused',
    "audit list --image telechat --service registry",
  ],
  "audit tail": ["audit tail --denied", "audit tail --json"],
  "audit summary": ["audit summary", "audit summary --since 24h"],
  "audit prune": ["audit prune"],
  "config print": ["config print --sources"],
  "config check": ["config check", "config check --config /etc/dockwarden/config.yml"],
};

/** Noun and verb, as EXAMPLES has them. */
export function pathOf(command: Command): string {
  const { parent } = command;
  if (parent === null) return "";
  return `${pathOf(parent)} ${command.name()}`.trim();
}

/** The examples of a command as its help ends with them; empty where there are none. */
export function renderExamples(command: Command): string {
  const lines = EXAMPLES[pathOf(command)] ?? [];
  if (lines.length === 0) return "";
  const title = lines.length === 1 ? "Example" : "Examples";
  return `\n${title}:\n${lines.map((line) => `  dockwarden ${line}`).join("\n")}`;
}
