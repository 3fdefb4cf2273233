//! Who may do what: the one rule for every way in.

use crate::{
    ApiKeyId, ProjectId, SessionId, Set, UserId,
    name::{Invalid, text_type, word_type},
};
use serde::{Deserialize, Serialize};

/// What somebody is on this instance.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum InstanceRole {
    /// May have and make projects.
    #[default]
    Member,
    /// May do everything, in every project too.
    Admin,
}

/// What somebody is in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ProjectRole {
    /// Sees everything but values.
    Viewer,
    /// Stages, applies, reveals.
    Editor,
    /// Deletes the project and says who belongs to it.
    Owner,
}

/// What an API key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum KeyScope {
    /// To look, but for values and logs.
    Read,
    /// To stage changes and discard them, and to lay out the canvas.
    Stage,
    /// To apply changes and to deploy.
    Deploy,
    /// To read what containers write, which may hold values.
    Logs,
    /// To reveal values, and to make projects.
    Write,
    /// To say who belongs to a project, to delete it and to read its audit; of an admin's key also to
    /// administer the instance, and to reach projects that its owner is no member of.
    Admin,
}

word_type!(KeyScope {
    Read = "read",
    Stage = "stage",
    Deploy = "deploy",
    Logs = "logs",
    Write = "write",
    Admin = "admin",
});

/// What an operation requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// To look, but for values.
    Read,
    /// To stage changes and discard them, and to lay out the canvas.
    Stage,
    /// To apply changes and to deploy.
    Deploy,
    /// To see values.
    Reveal,
    /// To read what containers write, which may hold values.
    Logs,
    /// To delete the project, say who belongs to it, and read its audit.
    Manage,
}

/// Somebody who has proved who they are, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub user: UserId,
    /// Their role on the instance, as it is now.
    pub role: InstanceRole,
    /// How they proved it.
    pub via: AuthMethod,
}

/// How somebody proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthMethod {
    /// By a signed-in device.
    Session(SessionId),
    /// By a key, which may do less than its owner.
    ApiKey {
        /// Which one.
        key: ApiKeyId,
        /// What it may be used for.
        scopes: Set<KeyScope>,
        /// The only project that it may be used for, if it is bound to one.
        project: Option<ProjectId>,
    },
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Go ahead.
    Allowed,
    /// There is nothing here: the caller must not even learn that there is.
    Hidden,
    /// They may know of it, and may not do this.
    Forbidden,
}

impl Permission {
    /// The scope that an API key needs for it.
    #[must_use]
    pub const fn scope(self) -> KeyScope {
        match self {
            Self::Read => KeyScope::Read,
            Self::Stage => KeyScope::Stage,
            Self::Deploy => KeyScope::Deploy,
            Self::Logs => KeyScope::Logs,
            Self::Reveal => KeyScope::Write,
            Self::Manage => KeyScope::Admin,
        }
    }
}

impl Actor {
    /// Whether this actor, who has this role in the project, may do this there.
    #[must_use]
    pub fn may(
        &self,
        permission: Permission,
        project: ProjectId,
        role: Option<ProjectRole>,
    ) -> Decision {
        let role = if self.reaches_every_project() { Some(ProjectRole::Owner) } else { role };
        let bound_elsewhere = matches!(
            &self.via,
            AuthMethod::ApiKey { project: Some(bound), .. } if *bound != project
        );
        let Some(role) = role.filter(|_| !bound_elsewhere) else { return Decision::Hidden };

        let needed_role = match permission {
            Permission::Read => ProjectRole::Viewer,
            Permission::Stage | Permission::Deploy | Permission::Reveal | Permission::Logs => {
                ProjectRole::Editor
            }
            Permission::Manage => ProjectRole::Owner,
        };
        if role >= needed_role && self.has_scope(permission.scope()) {
            Decision::Allowed
        } else {
            Decision::Forbidden
        }
    }

    /// Whether the way in which they proved who they are covers this.
    #[must_use]
    pub fn has_scope(&self, scope: KeyScope) -> bool {
        match &self.via {
            AuthMethod::Session(_) => true,
            AuthMethod::ApiKey { scopes, .. } => scopes.contains(&scope),
        }
    }

    /// Whether they are an owner of every project, member or not: admins are, and of their keys those
    /// that may administer.
    #[must_use]
    pub fn reaches_every_project(&self) -> bool {
        self.is_admin()
    }

    /// Whether values may be shown to them where their role allows it.
    #[must_use]
    pub fn sees_values(&self) -> bool {
        self.has_scope(KeyScope::Write)
    }

    /// Whether they may administer the instance.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.role == InstanceRole::Admin && self.has_scope(KeyScope::Admin)
    }

    /// Whether a person sits behind it: keys cannot make keys or users.
    #[must_use]
    pub const fn is_person(&self) -> bool {
        matches!(self.via, AuthMethod::Session(_))
    }
}

/// Who asks for a mutation, and how often they mean it. Every mutating port takes one.
#[derive(Clone, Debug)]
pub struct Mutation {
    /// Who asks.
    pub actor: Actor,
    /// The same key twice is one mutation.
    pub idempotency: Option<IdempotencyKey>,
    /// Ties log lines, audit and answer together.
    pub request: String,
    /// From where, as far as known: for the audit.
    pub source: Option<String>,
}

impl Mutation {
    /// From where it was asked for.
    #[must_use]
    pub fn origin(&self) -> RequestOrigin {
        RequestOrigin { request: self.request.clone(), source: self.source.clone() }
    }
}

/// From where something was asked for, by somebody who is about to prove who they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestOrigin {
    /// The request's id.
    pub request: String,
    /// The client's address, as far as known.
    pub source: Option<String>,
}

/// What a client calls one mutation, so that a retry is recognised.
///
/// Invariant: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdempotencyKey(String);
text_type!(IdempotencyKey);

impl TryFrom<String> for IdempotencyKey {
    type Error = Invalid;

    fn try_from(raw: String) -> Result<Self, Self::Error> {
        let is_key =
            (1..=255).contains(&raw.len()) && raw.bytes().all(|byte| byte.is_ascii_graphic());
        if is_key {
            Ok(Self(raw))
        } else {
            Err(Invalid::new("must be 1 to 255 visible ASCII characters"))
        }
    }
}
