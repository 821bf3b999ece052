//! What is wrong with `[service]`, word for word.

use super::messages::check;

#[test]
fn service() {
    check(
        "service",
        &[
            "service = 1",
            "[service]\nprofile = \"v3\"\nworkers = 0\nscrub_interval = \"0s\"\ndelayed_delete = \"yes\"\nretry = \"0s\"",
            "[service]\ndefects = [\"lost-craete\", \"nothing-like-it\", 3]",
            "[service]\ndefects = \"lost-create\"",
            "[service]\nwokers = 3\n[service.store]\nslot = 3\n[service.registry]\nconections = 3",
            "[service.store]\nbandwidth = \"1GiB\"\ncapacity = \"1kb\"\nput = 5",
            "[service.store]\nbandwidth = \"0B/s\"\ncapacity = 3",
            "[target]\nglanse = {}",
            "target = \"embedded\"",
            "[target.embedded]\nurl = \"http://localhost\"",
            "[target.embedded]\n[target.glance]\nurl = \"http://localhost\"",
        ],
    );
}

#[test]
fn processors() {
    check(
        "processors",
        &[
            "[service.cpu]\ncores = 0\nlock = 2",
            "[service.cpu]\ncores = 1\nlock = 0.5\nturn = \"5ms\"",
            "[service.cpu]\ncores = 1\nput_weight = 2\nget_weight = 2\nhandover = 0.1\nweights = { upload = 2 }",
            "[service.cpu]\ncores = 1\nunbroken_weight = 2\nunbroken = { upload = 0.5 }",
            "[service.cpu]\ncores = 1\nlock = 1\nunbroken_weight = 0\nunbroken = { upload = 1.5, fly = 1 }",
            "[service.cpu]\ncores = 1\nlock = 1\nturn = \"5ms\"\nweights = { upload = 2 }",
            "[service.cpu]\ncores = 1\nburst = \"1ms\"",
            "[service.cpu]\ncores = 1\nlock = 1\nburst = \"0s\"",
            "[service.cpu]\ncores = 1\nlock = 1\nput_weight = 0\nhandover = 2000\nweights = { upload = \"2\", fly = 1 }",
            "[service.cpu]\ncores = 1\nlock = 1\ndata_lock = false\nput_weight = 2\nget_weight = 2",
            "[service.store]\nshared_bandwidth = \"1GiB/s\"\nget_bandwidth = \"2GiB/s\"",
        ],
    );
}
