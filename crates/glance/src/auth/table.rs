//! Every key that may stand in a cloud, with what openstacksdk does with it. A variable is its key behind `OS_`.
//!
//! There are two kinds. *Options* belong to a way to log in; openstacksdk takes them from below `auth` or from beside it. *Settings*
//! stand beside `auth`.

/// A way to log in: what `auth_type` calls it, and its options.
#[derive(Debug)]
pub(super) struct Way {
    pub kind: Kind,
    names: &'static [&'static str],
    options: &'static [&'static [&'static str]],
}

/// What a way shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Password,
    Token,
    ApplicationCredential,
    /// A token that is sent as it is.
    PlainToken,
    Nothing,
}

impl Way {
    /// The way that `auth_type` names.
    pub(super) fn named(name: &str) -> Option<&'static Way> {
        WAYS.iter().find(|way| way.names.contains(&name))
    }

    /// All names, for a message.
    pub(super) fn names() -> String {
        let names: Vec<&str> = (WAYS.iter().flat_map(|way| way.names))
            .filter(|name| !name.is_empty() && **name != "None")
            .copied()
            .collect();
        names.join(", ")
    }

    pub(super) fn options(&self) -> impl Iterator<Item = &'static str> {
        self.options.iter().copied().flatten().copied()
    }

    pub(super) fn has(&self, option: &str) -> bool {
        self.options().any(|it| it == option)
    }
}

const WAYS: [Way; 7] = [
    Way {
        kind: Kind::Password,
        names: &["password"],
        options: &[SCOPE, DEFAULT_DOMAIN, USER, &["password"]],
    },
    Way {
        kind: Kind::Password,
        names: &["v3password"],
        options: &[SCOPE, USER, &["password"]],
    },
    Way {
        kind: Kind::Token,
        names: &["token"],
        options: &[SCOPE, DEFAULT_DOMAIN, &["token"]],
    },
    Way {
        kind: Kind::Token,
        names: &["v3token"],
        options: &[SCOPE, &["token"]],
    },
    Way {
        kind: Kind::ApplicationCredential,
        names: &["v3applicationcredential"],
        options: &[SCOPE, USER, APPLICATION_CREDENTIAL],
    },
    Way {
        kind: Kind::PlainToken,
        names: &["admin_token", "token_endpoint"],
        options: &[&["token", "endpoint"]],
    },
    Way {
        kind: Kind::Nothing,
        names: &["none", "None", ""],
        options: &[&["endpoint"]],
    },
];

const SCOPE: &[&str] = &[
    "auth_url",
    "project_id",
    "project_name",
    "project_domain_id",
    "project_domain_name",
    "domain_id",
    "domain_name",
    "trust_id",
    "system_scope",
];
const DEFAULT_DOMAIN: &[&str] = &["default_domain_id", "default_domain_name"];
const USER: &[&str] = &["user_id", "username", "user_domain_id", "user_domain_name"];
const APPLICATION_CREDENTIAL: &[&str] = &[
    "application_credential_id",
    "application_credential_name",
    "application_credential_secret",
];

/// Options of which the last name that is there counts, and beside `auth` before below it.
pub(super) const OUTRANKED: [(&str, &[&str]); 9] = [
    ("domain_id", &["domain_id"]),
    ("domain_name", &["domain_name"]),
    ("user_domain_id", &["user_domain_id"]),
    ("user_domain_name", &["user_domain_name"]),
    ("project_domain_id", &["project_domain_id"]),
    ("project_domain_name", &["project_domain_name"]),
    ("token", &["auth_token", "token"]),
    ("project_id", &["tenant_id", "project_id"]),
    ("project_name", &["tenant_name", "project_name"]),
];

/// The older name of an option, which counts where the newer one is not there.
pub(super) fn older(option: &str) -> Option<&'static str> {
    match option {
        "username" => Some("user_name"),
        "endpoint" => Some("url"),
        _ => None,
    }
}

/// What is done with a key beside `auth` that is not an option of the way.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// It is obeyed.
    Read,
    /// It changes nothing of where requests go, who sends them and whom they trust.
    Harmless,
    /// What to do instead.
    Refused(&'static str),
    /// openstacksdk does not know it either, and passes it over.
    Unknown,
}

/// What is done with a key beside `auth`.
pub(super) fn use_of(key: &str) -> Use {
    let read = is_in(READ, key) || older_names().any(|name| name == key);
    if let Some((_, help)) = REFUSED.iter().find(|(keys, _)| is_in(keys, key)) {
        Use::Refused(help)
    } else if read || is_option(key) {
        Use::Read
    } else if HARMLESS.iter().any(|keys| is_in(keys, key))
        || is_of_a_service(key)
        || key.ends_with("timeout")
    {
        Use::Harmless
    } else if key.starts_with("image") || key.starts_with("glance") {
        Use::Refused(
            "openstacksdk does not know it, and it looks as if it were to say where the Glance is; leave it out",
        )
    } else {
        Use::Unknown
    }
}

/// The key that was meant, if this one looks like a mistake in writing one that counts.
pub(super) fn meant(key: &str) -> Option<&'static str> {
    let distance = |known: &&str| strsim::damerau_levenshtein(known, key);
    let known = READ.split_whitespace().chain(options());
    known
        .min_by_key(distance)
        .filter(|known| distance(known) <= 1 + usize::from(key.len() > 7))
}

/// Whether a variable of this key says how to log in, or where.
pub(super) fn says_how_to_log_in(key: &str) -> bool {
    let own = ["auth_type", "image_endpoint_override"].into_iter();
    own.chain(options())
        .chain(older_names())
        .any(|it| it == key)
}

/// Whether some way has it as an option.
pub(super) fn is_option(key: &str) -> bool {
    options().any(|option| option == key) || is_in(ELSEWHERE, key)
}

fn options() -> impl Iterator<Item = &'static str> {
    WAYS.iter().flat_map(Way::options)
}

fn older_names() -> impl Iterator<Item = &'static str> {
    let outranked = OUTRANKED
        .iter()
        .flat_map(|(_, names)| names.iter().copied());
    outranked.chain(["user_name"])
}

/// Settings that are obeyed.
const READ: &str = "auth auth_type auth_plugin profile cloud region_name regions interface endpoint_type image_interface
    image_endpoint_type image_region_name image_service_type image_service_name image_api_version image_endpoint_override
    image_endpoint has_image cacert verify insecure";

/// Keys that say something which is not done here, with what to do instead. Those that the SDK passes over are among them where
/// their writer must have meant a place, a scope or trust.
const REFUSED: [(&str, &str); 6] = [
    (
        "cert key",
        "no certificate of a client is shown here; leave it out if the cloud needs none",
    ),
    (
        "vendor_hook",
        "no code of a vendor is run here; write what it would set, and leave it out",
    ),
    (
        "image_default_microversion",
        "Glance has no microversions; leave it out",
    ),
    (
        "endpoint url",
        "it counts where auth_type is none or admin_token; write image_endpoint_override",
    ),
    (
        "endpoint_override",
        "openstacksdk passes it over; write image_endpoint_override",
    ),
    (
        "service_type",
        "openstacksdk passes it over; write image_service_type",
    ),
];

/// Settings that change how openstacksdk or a command line of OpenStack works, or what it tells others: those that are read elsewhere
/// or by the command line alone; how often and how fast something is sent; which address of a server is taken, and which network of
/// its servers; how images are made, and what is told.
const HARMLESS: [&str; 4] = [
    "cloud_name cloudname client_config_file client_secure_file default_domain auth_methods ansible debug verbose_level
    log_level operation_log",
    "connect_retries connect_retry_delay status_code_retries status_code_retry_delay retriable_status_codes
    image_connect_retries image_connect_retry_delay image_status_code_retries image_status_code_retry_delay
    image_retriable_status_codes rate_limit concurrency timing cache no_cache default_microversion",
    "force_ipv4 prefer_ipv6 networks external_network internal_network nat_source nat_destination floating_ip_source
    requires_floating_ip secgroup_source",
    "image_format image_api_use_tasks disable_vendor_agent message status metrics additional_metric_tags",
];

/// Options of ways that are not known here; with a way that is, openstacksdk passes them over.
const ELSEWHERE: &str =
    "passcode identity_provider protocol client_id client_secret openid_scope access_token
    access_token_endpoint access_token_type discovery_endpoint mapped_local_user oauth2_endpoint";

/// Whether a key is one of those in a list.
fn is_in(list: &str, key: &str) -> bool {
    list.split_whitespace().any(|it| it == key)
}

/// Whether it is about a service that is not the image service.
fn is_of_a_service(key: &str) -> bool {
    let of = |end: &str| key.strip_suffix(end).and_then(|key| key.strip_suffix('_'));
    let service = SERVICE_SETTINGS.split_whitespace().find_map(of);
    let service = service.or_else(|| key.strip_prefix("has_"));
    service.is_some_and(|service| is_in(SERVICES, service))
}

const SERVICE_SETTINGS: &str = "api_version default_microversion disabled_reason endpoint_override endpoint endpoint_type
    interface region_name service_type service_name connect_retries connect_retry_delay status_code_retries
    status_code_retry_delay";

/// The types of services, their older names, and the names of projects that files of variables use for them.
const SERVICES: &str = "accelerator admin_logic alarm alarming application_catalog application_container
    application_deployment backup bare_metal baremetal baremetal_introspection block_storage block_store cluster clustering
    compute container container_infra container_infrastructure container_infrastructure_management data_processing
    data_protection_orchestration database dns ec2_api event events function_engine ha identity infra_optim instance_ha
    key_manager load_balancer log_management message messaging meter metering monitoring monitoring_events
    monitoring_log_api monitoring_logging multi_region_network_automation network nfv_orchestration object object_store
    operator_policy orchestration placement policy rating rca registration reservation resource_cluster
    resource_optimization root_cause_analysis search share shared_file_system sharev2 telemetry tricircle volume volumev2
    volumev3 workflow workflowv2 aodh barbican cinder designate heat ironic keystone magnum manila masakari mistral
    neutron nova octavia sahara swift trove zaqar zun";
