//! What `--help` shows by example.

pub(super) const FIRST_STEPS: &str = "\
First steps:
  easel serve             # prints an address and a token: open it, make the first account
  easel login --url http://127.0.0.1:8080
  easel projects create shop
  easel stage create-service web --image nginx:1.27 --port 80
  easel apply -m \"first service\" --wait
  easel logs -f web";

pub(super) const LOGIN: &str = "\
Examples:
  easel login --url https://easel.example.org
  easel login --email ada@example.org < password.txt

One sign-in is remembered. For a second one beside it, set XDG_CONFIG_HOME to another folder, or use
an API key: EASEL_URL=… EASEL_API_KEY=… easel status";

pub(super) const SERVICES: &str = "\
Examples:
  easel services
  easel services show web
  easel services create web --image nginx:1.27 --port 80 --wait";

pub(super) const STAGE: &str = "\
Examples:
  easel stage create-service web --image nginx:1.27 --port 80
  easel stage set web --image nginx:1.28 --replicas 3
  easel stage var set -s web LOG_LEVEL=debug
  easel stage volume create data -s db --path /var/lib/postgresql/data
  easel stage delete web
  easel changes && easel apply -m \"what it is for\"";

pub(super) const SET: &str = "\
Examples:
  easel stage set web --image nginx:1.28
  easel stage set web --replicas 3 --memory 256m --cpu 0.5
  easel stage set web --check http:80/health
  easel stage set db --command \"postgres -c max_connections=50\"";

pub(super) const VARIABLES: &str = "\
Examples:
  easel stage var set -s web LOG_LEVEL=debug 'API=http://${{api.HOST}}:${{api.PORT}}'
  easel stage var set -s web CONFIG=@config.toml
  pass show db | easel stage var set -s db --sealed PASSWORD";

pub(super) const VOLUMES: &str = "\
Examples:
  easel stage volume create data -s db --path /var/lib/postgresql/data
  easel stage volume unmount data db && easel stage volume mount data db2 /data
  easel volumes                                   # which there are";

pub(super) const CHANGES: &str = "\
Examples:
  easel changes --details
  easel changes discard c1aeb7e9
  easel changes settle c1aeb7e9 --keep mine";

pub(super) const APPLY: &str = "\
Examples:
  easel apply                                     # shows what comes of it, and asks
  easel apply -y -m \"more replicas\" --wait
  easel apply c1aeb7e9                            # this change, and what it needs";

pub(super) const LOGS: &str = "\
Examples:
  easel logs web
  easel logs -f -n 10 -t web
  easel logs -f web --json | jq -r .line";

pub(super) const KEYS: &str = "\
Examples:
  easel keys create ci --scope read,stage,deploy --only shop --expires 90d
  EASEL_URL=https://easel.example.org EASEL_API_KEY=… easel status";
