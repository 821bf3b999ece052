# The whole lifecycle of an image by fog-openstack, for a client in Ruby. What is not as it should be ends it with 1.
require 'fog/openstack'
require 'stringio'

DATA = 'stormglass' * 20_000

def check(holds, why)
  abort("fog: #{why}") unless holds
end

def login(user)
  Fog::OpenStack::Image.new(
    openstack_auth_url: ENV.fetch('OS_AUTH_URL'),
    openstack_username: user,
    openstack_api_key: user,
    openstack_project_name: user,
    openstack_domain_id: 'default',
    openstack_region: ENV.fetch('OS_REGION_NAME')
  )
end

def refused(kind, why)
  yield
  check(false, why)
rescue kind
  nil
end

demo, alt, admin = %w[demo alt admin].map { |user| login(user) }
check(demo.images.all.empty?, 'a new server has images')

image = demo.images.create(name: 'by fog', disk_format: 'raw', container_format: 'bare', visibility: 'shared', colour: 'red')
check(image.status == 'queued', "a new image is #{image.status}")
image.upload_data(StringIO.new(DATA))
image = demo.images.find_by_id(image.id)
check([image.status, image.size] == ['active', DATA.size], "what is uploaded is #{image.status} and of #{image.size} bytes")
check(image.colour == 'red', 'its property is lost')
check(image.download_data == DATA, 'what comes back is not what went in')
refused(Excon::Error::Conflict, 'a second upload is not refused') { image.upload_data(StringIO.new(DATA)) }

image.update(name: 'renamed', min_ram: 64)
image.add_tags(%w[a b])
image.remove_tag('a')
image = demo.images.find_by_id(image.id)
check([image.name, image.min_ram, image.tags] == ['renamed', 64, ['b']], 'its name, memory or tags are others')

check(alt.images.find_by_id(image.id).nil?, 'another project sees it')
image.add_member('alt')
alt.update_image_member(image.id, 'member_id' => 'alt', 'status' => 'accepted')
check(alt.images.find_by_id(image.id).name == 'renamed', 'a member does not see it')
check(image.members.map { |it| it['status'] } == ['accepted'], 'its members are others')
image.remove_member('alt')

admin.images.find_by_id(image.id).deactivate
refused(Excon::Error::Forbidden, 'a deactivated image is read') { image.download_data }
admin.images.find_by_id(image.id).reactivate
check(image.download_data == DATA, 'what is active again is not read')

check(demo.images.all(name: 'renamed').map(&:id) == [image.id], 'a list by name has others')
image.destroy
check(demo.images.find_by_id(image.id).nil?, 'what is deleted is still there')
check(demo.images.all.empty?, 'something is left')
puts 'fog: the whole lifecycle'
