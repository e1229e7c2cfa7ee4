"""Drives the test server for Dropbox with Dropbox's own SDK, whose generated validators read every answer.

Takes the size of a part; prints what each step gave, as JSON.
"""
import json
import os
import sys
import warnings

import dropbox
from dropbox import files
from dropbox.exceptions import ApiError, AuthError

warnings.simplefilter('ignore')
part = int(sys.argv[1])
key, secret = os.environ['DPBX_APP_KEY'], os.environ['DPBX_APP_SECRET']
OVERWRITE = files.WriteMode.overwrite
said = {}


def client(**how):
    return dropbox.Dropbox(max_retries_on_error=0, max_retries_on_rate_limit=0, **how)


def error_of(run):
    try:
        run()
    except ApiError as failure:
        return failure.error
    except AuthError as failure:
        return failure.error
    raise AssertionError('no error')


def offset_of(run):
    error = error_of(run)
    return (error.get_lookup_failed() if hasattr(error, 'get_lookup_failed') else error).get_incorrect_offset().correct_offset


with client(oauth2_refresh_token=os.environ['DPBX_REFRESH_TOKEN'], app_key=key, app_secret=secret) as box:
    said['account'] = box.users_get_current_account().name.display_name

    small = box.files_upload(b'small', '/sdk/B\u00fccher', mode=OVERWRITE, mute=True)
    said['upload'] = [small.path_display, small.size, len(small.content_hash)]
    replaced = box.files_upload(b'small, replaced', '/sdk/b\u00fcchER', mode=OVERWRITE, mute=True)
    said['upload over another spelling'] = [replaced.path_display, replaced.id == small.id]

    data = os.urandom(2 * part + 7)
    cursor = files.UploadSessionCursor(box.files_upload_session_start(data[:part]).session_id, part)
    commit = files.CommitInfo('/sdk/large', mode=OVERWRITE, autorename=False, mute=True)
    box.files_upload_session_append_v2(data[part:2 * part], cursor)
    said['append again'] = offset_of(lambda: box.files_upload_session_append_v2(b'again', cursor))
    said['first version of append again'] = offset_of(
        lambda: box.files_upload_session_append(b'again', cursor.session_id, cursor.offset))
    said['finish too early'] = offset_of(lambda: box.files_upload_session_finish(b'', cursor, commit))
    cursor.offset = 2 * part
    large = box.files_upload_session_finish(data[2 * part:], cursor, commit)
    said['finish'] = [large.path_display, large.size == len(data)]
    error = error_of(lambda: box.files_upload_session_finish(b'', cursor, commit))
    said['finish again'] = error.get_lookup_failed().is_not_found()

    metadata, response = box.files_download('/sdk/large')
    said['download'] = [metadata.size == len(data), response.content == data]
    said['download of nothing'] = error_of(lambda: box.files_download('/sdk/absent')).get_path().is_not_found()

    for i in range(7):
        box.files_upload(b'x', '/sdk/many/%d' % i)
    page = box.files_list_folder('/sdk/many', limit=3)
    pages = [[entry.name for entry in page.entries]]
    while page.has_more:
        page = box.files_list_folder_continue(page.cursor)
        pages.append([entry.name for entry in page.entries])
    said['pages'] = pages
    said['kinds'] = sorted([entry.name, type(entry).__name__] for entry in box.files_list_folder('/sdk').entries)
    said['list of nothing'] = error_of(lambda: box.files_list_folder('/absent')).get_path().is_not_found()

    said['metadata'] = box.files_get_metadata('/sdk/large').content_hash == large.content_hash
    said['metadata of nothing'] = error_of(lambda: box.files_get_metadata('/absent')).get_path().is_not_found()
    copied = box.files_copy_v2('/sdk/large', '/sdk/copied').metadata
    said['copy'] = [copied.path_display, copied.content_hash == large.content_hash]

    def copy_error(source, target):
        return error_of(lambda: box.files_copy_v2(source, target))
    said['copy of nothing'] = copy_error('/absent', '/sdk/x').get_from_lookup().is_not_found()
    said['copy over another'] = copy_error('/sdk/large', '/sdk/copied').get_to().get_conflict().is_file()
    box.files_delete_v2('/sdk/copied')
    said['delete'] = box.files_delete_v2('/sdk/large').metadata.name
    said['first version of delete'] = box.files_delete('/sdk/many').name
    said['delete of nothing'] = error_of(lambda: box.files_delete_v2('/absent')).get_path_lookup().is_not_found()

    def reason(path, content=b'x', **how):
        return error_of(lambda: box.files_upload(content, path, **how)).get_path().reason

    said['a file where a folder is'] = reason('/sdk', mode=OVERWRITE).get_conflict().is_folder()
    said['a second file'] = reason('/sdk/B\u00fccher').get_conflict().is_file()
    said['read-only'] = reason('/read-only/x').is_no_write_permission()
    said['full'] = reason('/sdk/too large', b'x' * int(os.environ['TOO_MUCH'])).is_insufficient_space()
    wrong = error_of(lambda: box.files_upload(b'x', '/sdk/x', content_hash='0' * 64))
    said['another content'] = wrong.is_content_hash_mismatch()

with client(oauth2_access_token=os.environ['READING']) as box:
    error = error_of(lambda: box.files_upload(b'x', '/sdk/x'))
    said['no permission'] = error.get_missing_scope().required_scope
with client(oauth2_access_token=os.environ['EXPIRED']) as box:
    said['expired'] = error_of(lambda: box.files_list_folder('')).is_expired_access_token()
with client(oauth2_access_token='none') as box:
    said['wrong token'] = error_of(lambda: box.files_list_folder('')).is_invalid_access_token()
with client(oauth2_refresh_token='none', app_key=key, app_secret=secret) as box:
    said['wrong refresh token'] = error_of(lambda: box.files_list_folder('')).is_invalid_access_token()

for name, how in (('secret', {'consumer_secret': secret}), ('PKCE', {'use_pkce': True})):
    flow = dropbox.DropboxOAuth2FlowNoRedirect(
        key, token_access_type='offline', scope=['files.metadata.read'], **how)
    page = flow.requests_session.get(flow.start())
    got = flow.finish(page.text.split()[-1])
    app = {'app_key': key} if name == 'PKCE' else {'app_key': key, 'app_secret': secret}
    with client(oauth2_refresh_token=got.refresh_token, **app) as box:
        said['authorized by ' + name] = [got.scope, len(box.files_list_folder('').entries)]

print(json.dumps(said))
