#!/usr/bin/env bash
# Makes a fresh Debian 12 host the benchmark's PostgreSQL: the cluster on local NVMe, with deploy/config's settings, and a node exporter.
# cloud-init runs it once, as root, as "host.sh make-this-host"; infra/user-data puts it and its files there.
set -euo pipefail
shopt -s inherit_errexit

version=15
files=${FILES:-/opt/beastmark} # ec2-2xlarge.conf and roles.sql
root=${ROOT:-}                 # a test's, in place of /
data=/data

fail() {
    printf 'postgres host: %s\n' "$1" >&2
    exit 1
}

# Prints the first disk that is the instance's own. Amazon's network disks call themselves "Amazon Elastic Block Store".
local_disk() {
    local disk
    disk=$(lsblk --nodeps --noheadings --paths --output NAME,MODEL | awk '/Amazon EC2 NVMe Instance Storage/ {print $1; exit}')
    [[ -n $disk ]] || fail "there is no local NVMe disk: take an instance type that has one, as i4i.2xlarge"
    echo "$disk"
}

mount_disk() {
    local disk=$1
    blkid "$disk" >/dev/null || mkfs.xfs -q "$disk"
    mkdir -p "$root$data"
    # nofail: it is gone when the instance was stopped and started, and then the host should still come up, without a database
    grep -q " $data " "$root/etc/fstab" 2>/dev/null ||
        printf 'UUID=%s %s xfs noatime,nofail,x-systemd.before=postgresql@%s-main.service 0 2\n' \
            "$(blkid -s UUID -o value "$disk")" "$data" "$version" >>"$root/etc/fstab"
    mountpoint -q "$root$data" || mount "$data"
}

# The address range of the network that the nodes and their pods are in, as the instance itself is told.
network() {
    local service=http://169.254.169.254/latest token mac
    token=$(curl -fsS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$service/api/token")
    mac=$(curl -fsS -H "X-aws-ec2-metadata-token: $token" "$service/meta-data/mac")
    curl -fsS -H "X-aws-ec2-metadata-token: $token" "$service/meta-data/network/interfaces/macs/$mac/vpc-ipv4-cidr-block"
}

# configure RANGE: settings and who may come.
configure() {
    local range=$1 folder=$root/etc/postgresql/$version/main
    [[ $range =~ ^[0-9.]+/[0-9]+$ ]] || fail "'$range' is no address range"
    install -D -m 644 "$files/ec2-2xlarge.conf" "$folder/conf.d/beastmark.conf"
    cat >"$folder/pg_hba.conf" <<END
# Its superuser from the host itself; roles with a password from the network of the cluster.
local all     postgres                                            peer
host  devices beastmark,beastmark_owner,beastmark_monitor $range scram-sha-256
END
    # They are read by the user postgres only.
    chmod 640 "$folder/pg_hba.conf"
}

# Huge pages for shared_buffers, as many as PostgreSQL says: the configuration takes them if there are any.
huge_pages() {
    local pages
    pages=$(runuser -u postgres -- "/usr/lib/postgresql/$version/bin/postgres" -D "$data/postgresql" \
        -c "config_file=/etc/postgresql/$version/main/postgresql.conf" -C shared_memory_size_in_huge_pages)
    printf 'vm.nr_hugepages = %d\n' "$pages" >/etc/sysctl.d/60-beastmark.conf
    sysctl -q -p /etc/sysctl.d/60-beastmark.conf
}

# The program that sets the roles' passwords, from an env file on its standard input: they are never in the instance's user data.
install_roles() {
    install -D -m 644 "$files/roles.sql" "$root/usr/local/share/beastmark/roles.sql"
    mkdir -p "$root/usr/local/sbin"
    cat >"$root/usr/local/sbin/beastmark-roles" <<'END'
#!/usr/bin/env bash
# beastmark-roles <postgres-roles.env, as root
set -euo pipefail
while IFS='=' read -r name value; do
    case $name in
    owner_password | service_password | monitor_password) export "$name=$value" ;;
    '' | \#*) ;;
    *) echo "beastmark-roles: '$name' is none of owner_password, service_password and monitor_password" >&2; exit 1 ;;
    esac
done
exec runuser -u postgres -- psql -X -q -v ON_ERROR_STOP=1 -f /usr/local/share/beastmark/roles.sql devices
END
    chmod 755 "$root/usr/local/sbin/beastmark-roles"
}

install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    mkdir -p /etc/postgresql-common/createcluster.d
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/beastmark.conf
    apt-get update
    apt-get install -y --no-install-recommends "postgresql-$version" xfsprogs curl prometheus-node-exporter
}

main() {
    install_packages
    mount_disk "$(local_disk)"
    install -d -o postgres -g postgres -m 700 "$data/postgresql"
    pg_createcluster --datadir "$data/postgresql" "$version" main -- --auth-local=peer --data-checksums
    configure "$(network)"
    chown postgres:postgres "/etc/postgresql/$version/main/pg_hba.conf"
    huge_pages
    systemctl start "postgresql@$version-main"
    runuser -u postgres -- createdb devices
    install_roles
}

# Only when asked to by this word, not because somebody ran or sourced the file: it may format a disk.
case ${1:-} in
make-this-host) main ;;
*) [[ ${BASH_SOURCE[0]} != "$0" ]] || { echo "usage, as root on a host that is for nothing else: $0 make-this-host" >&2; exit 2; } ;;
esac
