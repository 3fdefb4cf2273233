//! Which brand an image is, by its name.

use icondata_lu::{LuBox, LuContainer, LuDatabase};
use yew::prelude::Html;

use self::BrandIcon::{Brand, Line};
use crate::{
    component::icon::{self, IconData},
    view::page,
};

/// The picture of what runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BrandIcon {
    Line(IconData),
    /// A symbol of `assets/brands.svg`, which is fetched when the first card shows one: no page waits
    /// for it.
    Brand(&'static str),
}

impl BrandIcon {
    /// As a square, which is there before the mark is.
    pub fn draw(self, size: u16) -> Html {
        match self {
            Line(icon) => icon::icon(icon, size),
            Brand(name) => {
                icon::symbol(&page::meta("easel-brands").unwrap_or_default(), name, size)
            }
        }
    }
}

/// Which images show which mark, by how their names begin.
const MARKS: &[(&str, BrandIcon)] = &[
    ("postgres", Brand("postgres")),
    ("postgis", Brand("postgres")),
    ("pgvector", Brand("postgres")),
    ("timescaledb", Brand("postgres")),
    ("mysql", Brand("mysql")),
    ("mariadb", Brand("mariadb")),
    ("mongo", Brand("mongo")),
    ("redis", Brand("redis")),
    ("valkey", Line(LuDatabase)),
    ("memcached", Line(LuDatabase)),
    ("qdrant", Line(LuDatabase)),
    ("nginx", Brand("nginx")),
    ("caddy", Brand("caddy")),
    ("traefik", Brand("traefik")),
    ("node", Brand("node")),
    ("bun", Brand("bun")),
    ("deno", Brand("deno")),
    ("python", Brand("python")),
    ("rust", Brand("rust")),
    ("golang", Brand("golang")),
    ("ruby", Brand("ruby")),
    ("php", Brand("php")),
    ("elixir", Brand("elixir")),
    ("dotnet", Brand("dotnet")),
    ("wordpress", Brand("wordpress")),
    ("ghost", Brand("ghost")),
    ("grafana", Brand("grafana")),
    ("prometheus", Brand("prometheus")),
    ("rabbitmq", Brand("rabbitmq")),
    ("kafka", Brand("kafka")),
    ("clickhouse", Brand("clickhouse")),
    ("influxdb", Brand("influxdb")),
    ("minio", Brand("minio")),
    ("elasticsearch", Brand("elasticsearch")),
    ("meilisearch", Brand("meilisearch")),
    ("keycloak", Brand("keycloak")),
    ("gitea", Brand("gitea")),
    ("forgejo", Brand("forgejo")),
    ("plausible", Brand("plausible")),
    ("umami", Brand("umami")),
    ("n8n", Brand("n8n")),
    ("mosquitto", Brand("mosquitto")),
    ("vaultwarden", Brand("vaultwarden")),
    ("uptime-kuma", Brand("uptime-kuma")),
    ("debian", Brand("debian")),
    ("busybox", Line(LuBox)),
];

/// The mark for an image such as `ghcr.io/owner/postgres:17`.
#[must_use]
pub fn brand(image: &str) -> BrandIcon {
    let name = image.rsplit('/').next().unwrap_or(image);
    let name = name.split(['@', ':']).next().unwrap_or(name);
    let found = MARKS.iter().find(|(brand, _)| name.starts_with(brand));
    found.map_or(Line(LuContainer), |(_, mark)| *mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_its_last_name_whatever_the_registry_or_tag() {
        assert_eq!(brand("postgres"), Brand("postgres"));
        assert_eq!(brand("registry.example:5000/team/redis:8-alpine"), Brand("redis"));
        assert_eq!(brand("docker.io/library/nginx@sha256:00"), Brand("nginx"));
        assert_eq!(brand("acme/shop:1.2"), Line(LuContainer));
    }

    #[test]
    fn every_brand_has_its_symbol() {
        let symbols = include_str!("../../assets/brands.svg");

        for (image, mark) in MARKS {
            let Brand(name) = mark else { continue };

            assert!(symbols.contains(&format!("<symbol id=\"{name}\"")), "{image}: {name}");
        }
    }
}
