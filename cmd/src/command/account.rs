//! Signing in and out, and who one is.

use super::context::CommandContext;
use crate::{
    ProcessEnv,
    args::ServerArgs,
    client::{Client, CredentialStore, Credentials},
    console::Console,
    exit::{Exit, Failure},
};
use anyhow::{Context, Result};
use domain::{Email, Secret, account::SessionKind, api::account::Login};
use serde_json::json;
use std::io::Read;

pub(super) async fn login(
    url: Option<String>,
    email: Option<String>,
    env: &ProcessEnv,
    console: Console,
) -> Result<()> {
    let store = CredentialStore::at(env).ok_or_else(|| {
        Failure::usage("there is no home folder to remember the sign-in in; set EASEL_API_KEY")
    })?;
    let known = store.load().ok().flatten().unwrap_or_default();
    let remembered = Some(known.url.clone()).filter(|url| !url.is_empty());
    let url = url.or(remembered).unwrap_or_else(|| "http://127.0.0.1:8080".to_owned());
    let client = Client::anonymous(&url)?;
    let email = match email.or(known.email.clone()) {
        Some(email) => email,
        None if Console::can_ask() => {
            Console::ask("E-mail").ok_or_else(|| Failure::usage("an e-mail address is needed"))?
        }
        None => return Err(Failure::usage("say who signs in with --email").into()),
    };
    let email: Email = super::value::parse("--email", &email)?;
    let password = if Console::can_ask() {
        Secret::from(
            rpassword::prompt_password(format!("Password of {email} at {}: ", client.url()))
                .context("read the password")?,
        )
    } else {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("read the password from standard input")?;
        Secret::from(text.trim_end_matches(['\r', '\n']))
    };
    if password.expose().is_empty() {
        return Err(
            Failure::usage("the password is empty; type it, or pass it on standard input").into()
        );
    }

    let device = format!("easel on {}", env.host_name);
    let login = Login { email: email.as_str().into(), password, kind: SessionKind::Token, device };
    let tokens = match client.login(&login).await {
        Ok(signed_in) => signed_in.tokens.context("the server has answered without tokens")?,
        Err(error) if client.is_unclaimed().await => {
            let sentence = format!(
                "{error}: nobody has an account at {} yet; make the first one there with the \
                 claim token that the server printed when it started",
                client.url()
            );
            return Err(Failure::new(Exit::Forbidden, sentence).into());
        }
        Err(error) => return Err(error),
    };
    let project = known.project.filter(|_| known.url == client.url());
    store.save(&Credentials {
        url: client.url(),
        email: Some(email.to_string()),
        tokens: Some(tokens),
        project,
    })?;
    if console.json {
        console.value(&json!({ "url": client.url(), "email": email }));
    } else {
        console.line(format!("Signed in at {} as {email}.", client.url()));
    }
    Ok(())
}

pub(super) async fn logout(target: &ServerArgs, env: &ProcessEnv) -> Result<()> {
    let console = Console::new(target.json);
    let store = CredentialStore::at(env);
    let known = store.as_ref().map(CredentialStore::load).transpose()?.flatten();
    let (Some(store), Some(mut known)) = (store, known.filter(|known| known.tokens.is_some()))
    else {
        console.note("Nobody was signed in.");
        return Ok(());
    };
    let without_key = ProcessEnv { api_key: None, ..env.clone() };
    // What is forgotten here must be forgotten also when the server is away.
    let told = match Client::open(Some(&known.url), &without_key) {
        Ok(client) => client.logout().await,
        Err(error) => Err(error),
    };
    known.tokens = None;
    store.save(&known)?;
    match told {
        Ok(()) => console.note(format!("Signed out at {}.", known.url)),
        Err(error) => console.note(format!(
            "Signed out here; {} could not be told ({error}), its session ends by itself.",
            known.url
        )),
    }
    if console.json {
        console.value(&json!({ "url": known.url }));
    }
    Ok(())
}

pub(super) async fn whoami(context: &CommandContext) -> Result<()> {
    let me = context.client.me().await?;
    if context.console.json {
        let mut value = serde_json::to_value(&me)?;
        value["url"] = json!(context.client.url());
        context.console.value(&value);
    } else {
        let role = serde_json::to_value(me.role)?;
        let role = role.as_str().unwrap_or_default();
        context.console.line(format!(
            "{} <{}>, {role}, at {}",
            me.name,
            me.email,
            context.client.url()
        ));
    }
    Ok(())
}

pub(super) fn version(console: Console) {
    let version = env!("CARGO_PKG_VERSION");
    if console.json {
        console.value(&json!({ "version": version }));
    } else {
        console.line(format!("easel {version}"));
    }
}
