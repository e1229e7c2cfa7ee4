"""OpenStack Swift with its S3 API as one process on loopback: proxy, account, container and object server.

usage: /usr/bin/python3 swift-all-in-one.py DIR, with DIR/etc as test/servers/swift.ts writes it.

The servers are Debian's, unchanged. Ours is only what stands around them: rings with one device, a dictionary in place
of memcached, and the password requests of Keystone v2.0 and v3, which hand out tokens of Swift's own tempauth. Prints
the port of the proxy when it answers.
"""
import eventlet

eventlet.monkey_patch()

import http.client
import json
import os
import sys
import time

import eventlet.debug
import eventlet.wsgi

os.environ["TZ"] = "UTC+0"
time.tzset()

from swift.common import constraints, storage_policy, utils, wsgi

HOME = sys.argv[1]
USER, PASSWORD, PROJECT, DOMAIN = "tester", "testing", "test", "Default"
REGIONS = ("RegionOne", "RegionTwo")
FAR = "2099-01-01T00:00:00.000000Z"

utils.set_swift_dir(HOME + "/etc")
constraints.reload_constraints()
storage_policy.reload_storage_policies()


class Memory:
    """What the middlewares use of a memcached client."""

    def __init__(self):
        self.kept = {}

    def get(self, key, *_args, **_more):
        value, end = self.kept.get(key, (None, 0))
        return None if end and end < time.time() else value

    def set(self, key, value, serialize=True, time=0, **_more):
        self.kept[key] = (value, now() + time if time else 0)

    def incr(self, key, delta=1, time=0, **_more):
        value = int(self.get(key) or 0) + int(delta)
        self.set(key, value, time=time)
        return value

    def decr(self, key, delta=1, time=0, **_more):
        return self.incr(key, -delta, time)

    def delete(self, key, *_args, **_more):
        self.kept.pop(key, None)

    def set_multi(self, mapping, *_args, time=0, **_more):
        for key, value in mapping.items():
            self.set(key, value, time=time)

    def get_multi(self, keys, *_args, **_more):
        return [self.get(key) for key in keys]


def now():
    return time.time()


def make_ring(name, port):
    from swift.common.ring import RingBuilder

    builder = RingBuilder(4, 1, 0)
    builder.add_dev(
        {
            "region": 1,
            "zone": 1,
            "weight": 1.0,
            "ip": "127.0.0.1",
            "port": port,
            "replication_ip": "127.0.0.1",
            "replication_port": port,
            "device": "disk",
        }
    )
    builder.rebalance(seed=1)
    builder.get_ring().save("%s/etc/%s.ring.gz" % (HOME, name))


class Keystone:
    """`POST /v3/auth/tokens` and `POST /v2.0/tokens` for one user; everything else goes to `app`."""

    def __init__(self, app, port, memory):
        self.app, self.port, self.memory = app, port, memory

    def __call__(self, env, start):
        env["swift.cache"] = self.memory
        version = env["PATH_INFO"].split("/")[1]
        if version == "plant":
            return self.plant(env, start)
        if version not in ("v3", "v2.0"):
            return self.app(env, start)
        if env["REQUEST_METHOD"] == "GET":
            return self.answer(start, "200 OK", {"version": self.describe(version)})
        asked = json.loads(env["wsgi.input"].read(int(env.get("CONTENT_LENGTH") or 0)))["auth"]
        known = self.knows_v3(asked) if version == "v3" else self.knows_v2(asked)
        if not known:
            return self.answer(start, "401 Unauthorized", {"error": {"code": 401, "title": "Unauthorized"}})
        token = self.token()
        if version == "v3":
            return self.answer(start, "201 Created", self.v3(), [("X-Subject-Token", token)])
        return self.answer(start, "200 OK", self.v2(token))

    def plant(self, env, start):
        """`POST /plant/CONTAINER`, names in JSON: empty objects that only listings show, ten thousand in a second."""
        from swift.common.ring import Ring
        from swift.container.backend import ContainerBroker

        account, container = "AUTH_" + PROJECT, env["PATH_INFO"].split("/")[2]
        part = Ring(HOME + "/etc", ring_name="container").get_part(account, container)
        name = utils.hash_path(account, container)
        path = utils.storage_directory("containers", part, name)
        broker = ContainerBroker("%s/data/disk/%s/%s.db" % (HOME, path, name), account=account, container=container)
        names = json.loads(env["wsgi.input"].read(int(env["CONTENT_LENGTH"])))
        fixed = {
            "created_at": utils.Timestamp(now()).internal,
            "size": 0,
            "content_type": "text/plain",
            "etag": "d41d8cd98f00b204e9800998ecf8427e",
            "deleted": 0,
            "storage_policy_index": 0,
        }
        broker.merge_items([dict(fixed, name=name) for name in names])
        return self.answer(start, "200 OK", {})

    def describe(self, version):
        href = "http://127.0.0.1:%d/%s/" % (self.port, version)
        links = [{"rel": "self", "href": href}]
        return {"id": "v3.14" if version == "v3" else version, "status": "stable", "links": links, "media-types": []}

    def knows_v3(self, asked):
        user = asked["identity"]["password"]["user"]
        project = asked.get("scope", {}).get("project", {})
        named = user.get("name") == USER and user.get("domain", {}).get("name", DOMAIN) == DOMAIN
        return (
            user["password"] == PASSWORD
            and (named or user.get("id") == "user-id")
            and (project.get("name") == PROJECT or project.get("id") == "project-id")
        )

    def knows_v2(self, asked):
        given = asked.get("passwordCredentials", {})
        tenant = asked.get("tenantName") == PROJECT or asked.get("tenantId") == "project-id"
        return tenant and given == {"username": USER, "password": PASSWORD}

    def token(self):
        asking = http.client.HTTPConnection("127.0.0.1", self.port)
        asking.request("GET", "/auth/v1.0", headers={"X-Auth-User": PROJECT + ":" + USER, "X-Auth-Key": PASSWORD})
        return asking.getresponse().headers["X-Auth-Token"]

    def url(self, region):
        # Both regions are this server; the second one by another path, so that a test can tell them apart.
        return "http://127.0.0.1:%d/v1/AUTH_%s" % (self.port, PROJECT if region == REGIONS[0] else "elsewhere")

    def v3(self):
        endpoints = [
            {"id": kind + region, "interface": kind, "region": region, "region_id": region, "url": self.url(region)}
            for region in REGIONS
            for kind in ("admin", "internal", "public")
        ]
        token = {
            "methods": ["password"],
            "expires_at": FAR,
            "issued_at": FAR,
            "user": {"id": "user-id", "name": USER, "domain": {"id": "default", "name": DOMAIN}},
            "project": {"id": "project-id", "name": PROJECT, "domain": {"id": "default", "name": DOMAIN}},
            "roles": [{"id": "role", "name": "admin"}],
            "catalog": [{"type": "object-store", "name": "swift", "id": "swift", "endpoints": endpoints}],
        }
        return {"token": token}

    def v2(self, token):
        endpoints = [
            {"region": region, **{kind + "URL": self.url(region) for kind in ("admin", "internal", "public")}}
            for region in REGIONS
        ]
        tenant = {"id": "project-id", "name": PROJECT, "enabled": True}
        access = {
            "token": {"id": token, "expires": FAR, "issued_at": FAR, "tenant": tenant},
            "serviceCatalog": [{"type": "object-store", "name": "swift", "endpoints": endpoints}],
            "user": {"id": "user-id", "name": USER, "username": USER, "roles": [{"name": "admin"}]},
        }
        return {"access": access}

    @staticmethod
    def answer(start, status, content, headers=()):
        body = json.dumps(content).encode()
        start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers])
        return [body]


def main():
    memory = Memory()
    sockets = {name: eventlet.listen(("127.0.0.1", 0), backlog=256) for name in ("account", "container", "object", "proxy")}
    ports = {name: socket.getsockname()[1] for name, socket in sockets.items()}
    for ring, server in (("account", "account"), ("container", "container"), ("object", "object")):
        make_ring(ring, ports[server])
    for policy in (1, 2):
        make_ring("object-%d" % policy, ports["object"])
    eventlet.debug.hub_exceptions(False)
    serving = []
    for name, socket in sockets.items():
        app = wsgi.loadapp("%s/etc/%s-server.conf" % (HOME, name), {"log_name": name})
        if name == "proxy":
            app = Keystone(app, ports["proxy"], memory)
        serving.append(
            eventlet.spawn(
                eventlet.wsgi.server,
                socket,
                app,
                open(os.devnull, "w"),
                protocol=wsgi.SwiftHttpProtocol,
                capitalize_response_headers=False,
            )
        )
    print(ports["proxy"], flush=True)
    serving[-1].wait()


main()
