//! The tables as sea-orm knows them: plain columns, seen by this crate alone.

macro_rules! tables {
    ($($(#[$doc:meta])* $module:ident($name:tt) {
        $($(#[$attribute:meta])* $column:ident: $type:ty,)*
    })*) => {$(
        $(#[$doc])*
        #[allow(unreachable_pub, reason = "sea-orm's derives make public items")]
        pub(crate) mod $module {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
            #[sea_orm(table_name = $name)]
            pub struct Model {
                $($(#[$attribute])* pub $column: $type,)*
            }

            #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    )*};
}

tables! {
    instance("instance") {
        #[sea_orm(primary_key, auto_increment = false)]
        id: i32,
        instance_id: Uuid,
        epoch: String,
        fence: i64,
        engine: Option<String>,
        doubt: Option<String>,
        key_check: Vec<u8>,
        written_by: String,
        created_at: i64,
        /// Whoever opened the database last: nobody else writes.
        writer: Option<String>,
    }
    account("account") {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        email: String,
        name: String,
        role: String,
        password_hash: Vec<u8>,
        created_at: i64,
        updated_at: i64,
    }
    session("session") {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        account_id: Uuid,
        kind: String,
        device: String,
        created_at: i64,
        last_seen_at: i64,
        expires_at: i64,
    }
    session_token("session_token") {
        #[sea_orm(primary_key, auto_increment = false)]
        digest: Vec<u8>,
        session_id: Uuid,
        kind: String,
        paired: Option<Vec<u8>>,
        expires_at: i64,
        used_at: Option<i64>,
    }
    idempotency("idempotency") {
        #[sea_orm(primary_key, auto_increment = false)]
        account_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        key: String,
        fingerprint: Vec<u8>,
        answer: String,
        at: i64,
    }
    audit("audit") {
        #[sea_orm(primary_key, auto_increment = false)]
        number: i64,
        at: i64,
        actor: Option<Uuid>,
        via: String,
        action: String,
        project_id: Option<Uuid>,
        target: String,
        request: String,
        source: Option<String>,
        key_id: Option<Uuid>,
        outcome: String,
        before: Option<String>,
        after: Option<String>,
        count: i64,
        hash: Option<Vec<u8>>,
    }
    project("project") {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        name: String,
        name_folded: String,
        slug: String,
        created_at: i64,
        updated_at: i64,
    }
    member("member") {
        #[sea_orm(primary_key, auto_increment = false)]
        project_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        account_id: Uuid,
        role: String,
        created_at: i64,
    }
    environment("environment") {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        project_id: Uuid,
        name: String,
        slug: String,
        created_at: i64,
        revision: i64,
        edit_seq: i64,
        pending: i64,
        subnet: Option<String>,
        /// Another one with every write to what is applied or staged.
        version: i64,
    }
    service("service") {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        project_id: Uuid,
        slug: String,
        created_at: i64,
    }
    api_key("api_key") {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        account_id: Uuid,
        description: String,
        prefix: String,
        digest: Vec<u8>,
        scopes: String,
        project_id: Option<Uuid>,
        expires_at: Option<i64>,
        last_used_at: Option<i64>,
        created_at: i64,
    }
    service_config("service_config") {
        #[sea_orm(primary_key, auto_increment = false)]
        environment_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        service_id: Uuid,
        wanted: i32,
        limits: String,
        body: Vec<u8>,
    }
    group_config("group_config") {
        #[sea_orm(primary_key, auto_increment = false)]
        environment_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        group_id: Uuid,
        name: String,
    }
    volume_config("volume_config") {
        #[sea_orm(primary_key, auto_increment = false)]
        environment_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        volume_id: Uuid,
        name: String,
    }
    variable("variable") {
        #[sea_orm(primary_key, auto_increment = false)]
        environment_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        address: String,
        value: Vec<u8>,
        sealed: bool,
        version: i64,
    }
    address_version("address_version") {
        #[sea_orm(primary_key, auto_increment = false)]
        environment_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        address: String,
        revision: i64,
    }
    staged_edit("staged_edit") {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        environment_id: Uuid,
        seq: i64,
        address: String,
        content: Option<Vec<u8>>,
        base: i64,
        author: Uuid,
        at: i64,
        discarded_at: Option<i64>,
    }
    revision("revision") {
        #[sea_orm(primary_key, auto_increment = false)]
        environment_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        number: i64,
        author: Uuid,
        message: String,
        at: i64,
        changes: i64,
        body: Vec<u8>,
    }
    layout("layout") {
        #[sea_orm(primary_key, auto_increment = false)]
        environment_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        node: String,
        x: i32,
        y: i32,
        gone_at: Option<i64>,
    }
    /// Volumes that nothing refers to any more, and whose data is still in the engine.
    left_behind("left_behind") {
        #[sea_orm(primary_key, auto_increment = false)]
        volume_id: Uuid,
        project_id: Uuid,
        environment_id: Uuid,
        name: String,
        at: i64,
    }
    service_state("service_state") {
        #[sea_orm(primary_key, auto_increment = false)]
        environment_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        service_id: Uuid,
        active: Option<Uuid>,
        condition: Option<String>,
        why: Option<String>,
        since: Option<i64>,
    }
    deployment("deployment") {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        project_id: Uuid,
        environment_id: Uuid,
        service_id: Uuid,
        slug: String,
        generation: i64,
        revision: i64,
        cause: String,
        author: Option<Uuid>,
        message: String,
        image: String,
        config: Vec<u8>,
        pinned: Option<String>,
        state: String,
        over: bool,
        log_tail: Option<Vec<u8>>,
        attempts: i32,
        retry_at: Option<i64>,
        created_at: i64,
        started_at: Option<i64>,
        live_at: Option<i64>,
        ended_at: Option<i64>,
    }
    generation("generation") {
        #[sea_orm(primary_key, auto_increment = false)]
        environment_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        service_id: Uuid,
        last: i64,
    }
    replica("replica") {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        environment_id: Uuid,
        service_id: Uuid,
        deployment_id: Uuid,
        index: i32,
        // Empty until an adapter asks for one, if any does.
        address: String,
        container: Option<String>,
        ledger: String,
        retired_at: Option<i64>,
        created_at: i64,
        released_at: Option<i64>,
        buried: bool,
        // Whether its service's name may ever have led to it.
        has_served: bool,
    }
    volume_made("volume_made") {
        #[sea_orm(primary_key, auto_increment = false)]
        environment_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        service_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        volume_id: Uuid,
    }
    tombstone("tombstone") {
        #[sea_orm(primary_key, auto_increment = false)]
        subject: String,
        environment_id: Uuid,
        service_id: Option<Uuid>,
        containers: String,
        made_at: i64,
        done_at: Option<i64>,
    }
    event("event") {
        #[sea_orm(primary_key, auto_increment = false)]
        environment_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        number: i64,
        at: i64,
        body: String,
        service_id: Option<Uuid>,
    }
    event_count("event_count") {
        #[sea_orm(primary_key, auto_increment = false)]
        environment_id: Uuid,
        number: i64,
    }
}
