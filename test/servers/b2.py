"""The native API of Backblaze B2 on loopback: HTTP in front of the vendor's own simulator, which decides everything.

Usage: b2.py PART_SIZE. Prints its port. What the simulator takes as arguments is read from the requests, what it gives or
raises is written as the documented answers. Where the simulator differs from the service, a comment below says how.
Tests steer it by /control/.
"""

import io
import itertools
import json
import re
import sys
import threading
from base64 import b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from b2sdk import exception
from b2sdk.raw_simulator import BucketSimulator, RawSimulator
from b2sdk.utils import b2_url_decode

UPLOADS = "https://upload.example.com"


class Bucket(BucketSimulator):
    # As the service; the simulator stops at 200 bytes.
    MAX_SIMPLE_COPY_SIZE = 5_000_000_000
    # Ids are compared as text and count down: enough digits for all of them.
    FIRST_FILE_NUMBER = 9_999_999
    FIRST_FILE_ID = str(FIRST_FILE_NUMBER)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.upload_url_counter = itertools.count()
        self.upload_timestamp_counter = itertools.count(1_700_000_000_000)

    def newest(self, name):
        ids = [file_id for (file_name, file_id) in self.file_name_and_id_to_file if file_name == name]
        return self.file_name_and_id_to_file[(name, min(ids))] if ids else None

    def cancel_large_file(self, file_id):
        # The simulator would remove a finished file too.
        if self.file_id_to_file[file_id].action != "start":
            raise exception.BadRequest("not an unfinished large file", "bad_request")
        return super().cancel_large_file(file_id)

    def finish_large_file(self, account_auth_token, file_id, part_sha1_array):
        answer = super().finish_large_file(account_auth_token, file_id, part_sha1_array)
        return {**answer, "contentLength": len(self.file_id_to_file[file_id].data_bytes)}

    def hide_file(self, account_auth_token, file_name):
        newest = self.newest(file_name)
        if newest is None:
            raise Refused(400, "no_such_file", "no such file")
        if newest.action == "hide":
            raise Refused(400, "already_hidden", "already hidden")
        return super().hide_file(account_auth_token, file_name)


class Simulator(RawSimulator):
    BUCKET_SIMULATOR_CLASS = Bucket
    asked_bucket = None

    def _assert_account_auth(
        self, api_url, account_auth_token, account_id, capability, bucket_id=None, file_name=None
    ):
        # The simulator forgets the bucket with some calls, and would refuse them to a key for one bucket.
        bucket_id = bucket_id or self.asked_bucket
        super()._assert_account_auth(api_url, account_auth_token, account_id, capability, bucket_id, file_name)


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status = status
        self.code = code


def refusal(error, path):
    """Status, code and message: the reverse of how the vendor's client reads them."""
    is_download = path.startswith("/file/")
    kinds = [
        (exception.InvalidAuthToken, 401, "expired_auth_token" if "expired" in str(error) else "unauthorized"),
        (exception.Unauthorized, 401, "unauthorized"),
        (exception.StorageCapExceeded, 403, "storage_cap_exceeded"),
        (exception.TransactionCapExceeded, 403, "transaction_cap_exceeded"),
        (exception.FileNotPresent, *((404, "not_found") if is_download else (400, "file_not_present"))),
        (KeyError, 400, "file_not_present"),
        (exception.NonExistentBucket, *((404, "not_found") if is_download else (400, "bad_bucket_id"))),
        (exception.DuplicateBucketName, 400, "duplicate_bucket_name"),
        (exception.MissingPart, 400, "missing_part"),
        (exception.PartSha1Mismatch, 400, "part_sha1_mismatch"),
        (exception.UploadTokenUsedConcurrently, 400, "auth_token_limit"),
        (exception.BadJson, 400, "bad_json"),
        (exception.UnsatisfiableRange, 416, "range_not_satisfiable"),
        (exception.ServiceError, 503, "service_unavailable"),
        # Digests, upload addresses.
        (exception.B2Error, 400, "bad_request"),
        # What the simulator asserts of tokens.
        (AssertionError, 401, "bad_auth_token"),
    ]
    if isinstance(error, Refused):
        return error.status, error.code, str(error)
    for kind, status, code in kinds:
        if isinstance(error, kind):
            return status, code, str(error)
    raise error


class State:
    def __init__(self, part_size):
        self.sim = Simulator()
        self.sim.bucket_id_counter = itertools.count()
        self.sim.MIN_PART_SIZE = part_size
        self.account, self.master = self.sim.create_account()
        self.lock = threading.Lock()
        self.uploading = set()
        self.damages = 0


def folded(entries, params, limit):
    """The listing with folders, which the simulator leaves to its client."""
    prefix, delimiter = params.get("prefix") or "", params["delimiter"]
    start = params.get("startFileName") or ""
    files, folders = [], set()
    for entry in entries:
        name = entry["fileName"]
        end = name.find(delimiter, len(prefix))
        if end >= 0:
            name = name[: end + 1]
            if name in folders:
                continue
            folders.add(name)
            entry = {"fileName": name, "action": "folder", "fileId": None, "contentLength": 0}
        if name < start:
            continue
        if len(files) == limit:
            return {"files": files, "nextFileName": name, "nextFileId": entry["fileId"]}
        files.append(entry)
    return {"files": files, "nextFileName": None, "nextFileId": None}


def call(state, host, name, token, params):
    sim = state.sim
    api = sim.API_URL
    everything = 10**9

    def listing(function, *start_id):
        limit, prefix = params.get("maxFileCount") or 100, params.get("prefix")
        if params.get("delimiter"):
            nowhere = [None] * len(start_id)
            found = function(api, token, params["bucketId"], prefix, *nowhere, everything, prefix)
            return folded(found["files"], params, limit)
        # Without a start the simulator ends at the first name before the prefix.
        start = params.get("startFileName") or prefix
        return function(api, token, params["bucketId"], start, *start_id, limit, prefix)

    def bytes_range():
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", params.get("range") or "")
        return asked and (int(asked[1]), int(asked[2]))

    def copy_file():
        source = params["sourceFileId"]
        # The simulator lets everybody read.
        bucket = sim._get_bucket_by_id(sim.file_id_to_bucket_id[source])
        sim._assert_account_auth(api, token, bucket.account_id, "readFiles", bucket.bucket_id)
        stored = sim.copy_file(api, token, source, params["fileName"], bytes_range())
        # And forgets where it is.
        sim.file_id_to_bucket_id[stored["fileId"]] = bucket.bucket_id
        return stored

    def outside(answer):
        return {**answer, "uploadUrl": answer["uploadUrl"].replace(UPLOADS, f"http://{host}/upload")}

    calls = {
        "b2_list_buckets": lambda: sim.list_buckets(
            api, token, params["accountId"], params.get("bucketId"), params.get("bucketName")
        ),
        "b2_create_bucket": lambda: sim.create_bucket(
            api, token, params["accountId"], params["bucketName"], params["bucketType"]
        ),
        "b2_delete_bucket": lambda: sim.delete_bucket(api, token, params["accountId"], params["bucketId"]),
        "b2_get_upload_url": lambda: outside(sim.get_upload_url(api, token, params["bucketId"])),
        "b2_get_upload_part_url": lambda: outside(sim.get_upload_part_url(api, token, params["fileId"])),
        "b2_start_large_file": lambda: sim.start_large_file(
            api, token, params["bucketId"], params["fileName"], params["contentType"], params.get("fileInfo") or {}
        ),
        "b2_finish_large_file": lambda: sim.finish_large_file(api, token, params["fileId"], params["partSha1Array"]),
        "b2_cancel_large_file": lambda: sim.cancel_large_file(api, token, params["fileId"]),
        "b2_copy_file": copy_file,
        "b2_copy_part": lambda: sim.copy_part(
            api, token, params["sourceFileId"], params["largeFileId"], params["partNumber"], bytes_range()
        ),
        "b2_list_unfinished_large_files": lambda: sim.list_unfinished_large_files(
            api, token, params["bucketId"], params.get("startFileId"), params.get("maxFileCount")
        ),
        "b2_list_file_names": lambda: listing(sim.list_file_names),
        "b2_list_file_versions": lambda: listing(sim.list_file_versions, params.get("startFileId")),
        "b2_delete_file_version": lambda: sim.delete_file_version(api, token, params["fileId"], params["fileName"]),
        "b2_hide_file": lambda: sim.hide_file(api, token, params["bucketId"], params["fileName"]),
        "b2_get_file_info": lambda: sim.get_file_info_by_id(api, token, params["fileId"]),
    }
    if name not in calls:
        raise Refused(400, "bad_request", f"unknown call {name}")
    asked_file = params.get("fileId") or params.get("sourceFileId")
    sim.asked_bucket = params.get("bucketId") or sim.file_id_to_bucket_id.get(asked_file)
    return calls[name]()


def authorize(state, host, header):
    kind, _, text = (header or "").partition(" ")
    if kind != "Basic":
        raise Refused(401, "missing_auth_token", "no key")
    key_id, _, key = b64decode(text).decode().partition(":")
    answer = state.sim.authorize_account("production", key_id, key)
    return {**answer, "apiUrl": f"http://{host}", "downloadUrl": f"http://{host}"}


def upload(state, path, headers, body):
    sim = state.sim
    url = UPLOADS + path[len("/upload") :]
    token = headers.get("Authorization")
    if token != url:
        raise Refused(401, "bad_auth_token", "not the token of this address")
    if state.damages > 0:
        state.damages -= 1
        body = bytes([body[0] ^ 1]) + body[1:]
    sha1 = headers["X-Bz-Content-Sha1"]
    if "X-Bz-Part-Number" in headers:
        return sim.upload_part(url, token, int(headers["X-Bz-Part-Number"]), len(body), sha1, io.BytesIO(body))
    info = {
        name[len("x-bz-info-") :].lower(): b2_url_decode(value)
        for name, value in headers.items()
        if name.lower().startswith("x-bz-info-")
    }
    name = b2_url_decode(headers["X-Bz-File-Name"])
    return sim.upload_file(url, token, name, len(body), headers["Content-Type"], sha1, info, io.BytesIO(body))


def download(state, path, headers):
    """Status, headers and bytes."""
    sim = state.sim
    token = headers.get("Authorization")
    if path.startswith("/file/"):
        bucket_name, _, name = path[len("/file/") :].partition("/")
        bucket, name = sim._get_bucket_by_name(unquote(bucket_name)), b2_url_decode(name)
    else:
        file_id = path.partition("=")[2]
        bucket = sim._get_bucket_by_id(sim.file_id_to_bucket_id[file_id])
        name = bucket.file_id_to_file[file_id].name
    # The simulator lets everybody read.
    sim._assert_account_auth(sim.API_URL, token, bucket.account_id, "readFiles", bucket.bucket_id, name)
    with sim.download_file_from_url(token, sim.DOWNLOAD_URL + path) as response:
        data, answer = response.data_bytes, dict(response.headers)
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("Range") or "")
    if asked is None:
        return 200, answer, data
    start = int(asked[1])
    end = min(int(asked[2] or len(data)), len(data) - 1)
    if start > end:
        raise exception.UnsatisfiableRange()
    answer["content-length"] = end + 1 - start
    answer["content-range"] = f"bytes {start}-{end}/{len(data)}"
    return 206, answer, data[start : end + 1]


def control(state, name, params):
    sim = state.sim
    token = authorize(state, "", "Basic " + params["basic"])["authorizationToken"]
    if name == "expire":
        for known in sim.auth_token_to_key:
            sim.expire_auth_token(known)
        return {}
    if name == "upload-errors":
        sim.set_upload_errors([getattr(exception, kind)() for kind in params["errors"]])
        return {}
    if name == "damage":
        state.damages = params["count"]
        return {}
    if name == "key":
        bucket = params.get("bucket") and sim._get_bucket_by_name(params["bucket"]).bucket_id
        sim.asked_bucket = None
        return sim.create_key(
            sim.API_URL, token, state.account, params["capabilities"], "key", None, bucket, params.get("prefix")
        )
    if name == "plant":
        bucket = sim._get_bucket_by_name(params["bucket"])
        upload_url = bucket.get_upload_url(token)["uploadUrl"]
        for file_name in params["names"]:
            body = b"x11f6ad8ec52a2984abaafd7c3b516503785c2072"
            kind = "application/pgp-encrypted"
            stored = bucket.upload_file(
                "0", upload_url, file_name, len(body), kind, "hex_digits_at_end", {}, io.BytesIO(body)
            )
            sim.file_id_to_bucket_id[stored["fileId"]] = bucket.bucket_id
        return {}
    if name == "versions":
        bucket = sim._get_bucket_by_name(params["bucket"])
        files = [bucket.file_name_and_id_to_file[key] for key in sorted(bucket.file_name_and_id_to_file)]
        return {
            "bucketType": bucket.bucket_type,
            "versions": [
                {
                    "name": file.name,
                    "action": file.action,
                    "type": file.content_type,
                    "size": len(file.data_bytes or b""),
                    "info": file.file_info,
                }
                for file in files
            ],
        }
    raise Refused(400, "bad_request", f"unknown order {name}")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A server that waits for a second packet before it sends the first doubles the time of every request.
    disable_nagle_algorithm = True
    state = None

    def log_message(self, *args):
        pass

    def answer(self, status, headers, data):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def answer_json(self, status, value):
        data = json.dumps(value, default=list).encode()
        self.answer(status, {"Content-Type": "application/json", "Content-Length": len(data)}, data)

    def serve(self):
        state = self.state
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        split = urlsplit(self.path)
        try:
            if split.path.startswith("/upload/"):
                self.answer_json(200, self.upload(split.path, body))
                return
            with state.lock:
                state.sim.asked_bucket = None
                if split.path.startswith("/file/"):
                    found = download(state, split.path, self.headers)
                elif split.path.endswith("/b2_download_file_by_id"):
                    found = download(state, self.path, self.headers)
                else:
                    found = self.json_call(split, body)
            if isinstance(found, tuple):
                self.answer(*found)
            else:
                self.answer_json(200, found)
        except (exception.B2Error, Refused, AssertionError, KeyError) as error:
            status, code, message = refusal(error, split.path)
            self.answer_json(status, {"status": status, "code": code, "message": message})

    def upload(self, path, body):
        state = self.state
        with state.lock:
            if path in state.uploading:
                raise exception.UploadTokenUsedConcurrently(path)
            state.uploading.add(path)
        try:
            with state.lock:
                return upload(state, path, self.headers, body)
        finally:
            state.uploading.discard(path)

    def json_call(self, split, body):
        host = self.headers["Host"]
        params = json.loads(body or b"{}")
        order = re.fullmatch(r"/control/([a-z-]+)", split.path)
        if order is not None:
            return control(self.state, order[1], params)
        named = re.fullmatch(r"/b2api/v[12]/(b2_[a-z_]+)", split.path)
        if named is None:
            raise Refused(404, "not_found", "no such address")
        if named[1] == "b2_authorize_account":
            return authorize(self.state, host, self.headers.get("Authorization"))
        answer = call(self.state, host, named[1], self.headers.get("Authorization"), params)
        # Version 1 has another word for it.
        for file in answer.get("files", []) if "/v1/" in split.path else []:
            file["size"] = file.get("contentLength", 0)
        return answer

    do_GET = serve
    do_HEAD = serve
    do_POST = serve


def main():
    Handler.state = State(int(sys.argv[1]))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


main()
