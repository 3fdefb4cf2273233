//! Which brand an image is, by its name.

use icondata_lu::{LuBox, LuContainer, LuDatabase};
use icondata_si::{
    SiApachekafka, SiBun, SiCaddy, SiClickhouse, SiDebian, SiDeno, SiDotnet, SiEclipsemosquitto,
    SiElasticsearch, SiElixir, SiForgejo, SiGhost, SiGitea, SiGo, SiGrafana, SiInfluxdb,
    SiKeycloak, SiMariadb, SiMeilisearch, SiMinio, SiMongodb, SiMysql, SiN8n, SiNginx, SiNodedotjs,
    SiPhp, SiPlausibleanalytics, SiPostgresql, SiPrometheus, SiPython, SiRabbitmq, SiRedis, SiRuby,
    SiRust, SiTraefikproxy, SiUmami, SiUptimekuma, SiVaultwarden, SiWordpress,
};

use crate::component::icon::IconData;

/// The mark for an image such as `ghcr.io/owner/postgres:17`.
#[must_use]
pub fn brand(image: &str) -> IconData {
    let name = image.rsplit('/').next().unwrap_or(image);
    let name = name.split(['@', ':']).next().unwrap_or(name);
    let marks: &[(&str, IconData)] = &[
        ("postgres", SiPostgresql),
        ("postgis", SiPostgresql),
        ("pgvector", SiPostgresql),
        ("timescaledb", SiPostgresql),
        ("mysql", SiMysql),
        ("mariadb", SiMariadb),
        ("mongo", SiMongodb),
        ("redis", SiRedis),
        ("valkey", LuDatabase),
        ("memcached", LuDatabase),
        ("qdrant", LuDatabase),
        ("nginx", SiNginx),
        ("caddy", SiCaddy),
        ("traefik", SiTraefikproxy),
        ("node", SiNodedotjs),
        ("bun", SiBun),
        ("deno", SiDeno),
        ("python", SiPython),
        ("rust", SiRust),
        ("golang", SiGo),
        ("ruby", SiRuby),
        ("php", SiPhp),
        ("elixir", SiElixir),
        ("dotnet", SiDotnet),
        ("wordpress", SiWordpress),
        ("ghost", SiGhost),
        ("grafana", SiGrafana),
        ("prometheus", SiPrometheus),
        ("rabbitmq", SiRabbitmq),
        ("kafka", SiApachekafka),
        ("clickhouse", SiClickhouse),
        ("influxdb", SiInfluxdb),
        ("minio", SiMinio),
        ("elasticsearch", SiElasticsearch),
        ("meilisearch", SiMeilisearch),
        ("keycloak", SiKeycloak),
        ("gitea", SiGitea),
        ("forgejo", SiForgejo),
        ("plausible", SiPlausibleanalytics),
        ("umami", SiUmami),
        ("n8n", SiN8n),
        ("mosquitto", SiEclipsemosquitto),
        ("vaultwarden", SiVaultwarden),
        ("uptime-kuma", SiUptimekuma),
        ("debian", SiDebian),
        ("busybox", LuBox),
    ];
    marks.iter().find(|(brand, _)| name.starts_with(brand)).map_or(LuContainer, |(_, mark)| *mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_its_last_name_whatever_the_registry_or_tag() {
        assert_eq!(brand("postgres"), SiPostgresql);
        assert_eq!(brand("registry.example:5000/team/redis:8-alpine"), SiRedis);
        assert_eq!(brand("docker.io/library/nginx@sha256:00"), SiNginx);
        assert_eq!(brand("acme/shop:1.2"), LuContainer);
    }
}
