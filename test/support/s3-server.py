"""
OpenStack Swift with its S3 API, in one process on 127.0.0.1: a proxy in front, and behind it one server each for
accounts, containers and objects, with their files in one folder.

Arguments: the folder, the port, the access key as ACCOUNT:USER, and the secret that goes with it.
Says "ready" once it serves.
"""
import json
import os
import sys

import eventlet

eventlet.patcher.monkey_patch(all=False, socket=True, select=True, thread=True)

from swift.common import ring, utils, wsgi
from swift.common.storage_policy import reload_storage_policies

BEHIND = ('account', 'container', 'object')

PROXY = '''[pipeline:main]
pipeline = catch_errors cache listing_formats s3api tempauth slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
error_suppression_interval = 0
error_suppression_limit = 1000000
%(patience)s[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
paste.filter_factory = __main__:remembering
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:slo]
use = egg:swift#slo
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_%(account)s_%(user)s = %(secret)s .admin
'''

SERVER = '''[pipeline:main]
pipeline = %(name)s-server
[app:%(name)s-server]
use = egg:swift#%(name)s
%(patience)s'''

# All of it is one process: what is behind may be long in answering, and has not failed.
PATIENCE = '''conn_timeout = 30
node_timeout = 30
recoverable_node_timeout = 30
container_update_timeout = 30
'''


class Memory:
    '''What Swift keeps in memcached: here in this process.'''

    def __init__(self):
        self.kept = {}

    def get(self, key, **_):
        text = self.kept.get(key)
        return None if text is None else json.loads(text)

    def set(self, key, value, **_):
        self.kept[key] = json.dumps(value)

    def delete(self, key, **_):
        self.kept.pop(key, None)

    def incr(self, key, delta=1, **_):
        self.set(key, (self.get(key) or 0) + delta)
        return self.get(key)


def remembering(*_, **__):
    memory = Memory()

    def around(app):
        def serve(environ, start_response):
            environ['swift.cache'] = memory
            return app(environ, start_response)

        return serve

    return around


def write(path, text):
    with open(path, 'w') as file:
        file.write(text)
    return path


def main(folder, port, access, secret):
    devices = os.path.join(folder, 'devices')
    os.makedirs(os.path.join(devices, 'one'), exist_ok=True)
    policies = '[storage-policy:0]\nname = one\ndefault = yes\n'
    write(os.path.join(folder, 'swift.conf'), '[swift-hash]\nswift_hash_path_suffix = landline\n' + policies)
    utils.set_swift_dir(folder)
    reload_storage_policies()
    common = f'[DEFAULT]\nswift_dir = {folder}\ndevices = {devices}\nmount_check = false\nlog_level = CRITICAL\n'

    def open_app(name, text):
        return wsgi.loadapp(write(os.path.join(folder, name + '.conf'), common + text))

    serving = []
    for name in BEHIND:
        socket = eventlet.listen(('127.0.0.1', 0))
        builder = ring.RingBuilder(1, 1, 0)
        address = {'ip': '127.0.0.1', 'port': socket.getsockname()[1]}
        builder.add_dev({'id': 0, 'region': 0, 'zone': 0, 'weight': 1, 'device': 'one', **address})
        builder.rebalance()
        builder.get_ring().save(os.path.join(folder, name + '.ring.gz'))
        serving.append((socket, open_app(name, SERVER % {'name': name, 'patience': PATIENCE})))
    front = eventlet.listen(('127.0.0.1', port))
    account, user = access.split(':')
    named = {'account': account, 'user': user, 'secret': secret, 'patience': PATIENCE}
    serving.append((front, open_app('proxy', PROXY % named)))
    nowhere = open(os.devnull, 'w')
    for socket, app in serving:
        eventlet.spawn(eventlet.wsgi.server, socket, app, nowhere, protocol=wsgi.SwiftHttpProtocol)
    print('ready', flush=True)
    # Whoever has started this holds the other end. When that is gone, so is this.
    eventlet.tpool.execute(sys.stdin.read)


main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])
