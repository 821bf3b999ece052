// The whole lifecycle of an image by gophercloud, for a client in Go. What is not as it should be ends it with 1.
package main

import (
	"bytes"
	"io"
	"log"
	"os"
	"time"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/imagedata"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/imageimport"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/images"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/members"
	"github.com/gophercloud/gophercloud/pagination"
)

var data = bytes.Repeat([]byte("stormglass"), 20_000)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func check(holds bool, why string, seen ...interface{}) {
	if !holds {
		log.Fatalf("%s: %v", why, seen)
	}
}

func login(user string) *gophercloud.ServiceClient {
	provider, err := openstack.AuthenticatedClient(gophercloud.AuthOptions{
		IdentityEndpoint: os.Getenv("OS_AUTH_URL"),
		Username:         user,
		Password:         user,
		TenantName:       user,
		DomainName:       "Default",
	})
	must(err)
	client, err := openstack.NewImageServiceV2(provider, gophercloud.EndpointOpts{Region: os.Getenv("OS_REGION_NAME")})
	must(err)
	return client
}

func create(client *gophercloud.ServiceClient, name string) string {
	image, err := images.Create(client, images.CreateOpts{
		Name:            name,
		DiskFormat:      "raw",
		ContainerFormat: "bare",
		Tags:            []string{"go"},
		Properties:      map[string]string{"colour": "red"},
	}).Extract()
	must(err)
	check(image.Status == images.ImageStatusQueued, "a new image is not queued", image.Status)
	return image.ID
}

func until(client *gophercloud.ServiceClient, id string, wanted images.ImageStatus) {
	for attempt := 0; attempt < 250; attempt++ {
		image, err := images.Get(client, id).Extract()
		must(err)
		if image.Status == wanted {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	log.Fatalf("%s never becomes %s", id, wanted)
}

func uploads(demo *gophercloud.ServiceClient) string {
	id := create(demo, "by gophercloud")
	must(imagedata.Upload(demo, id, bytes.NewReader(data)).ExtractErr())
	image, err := images.Get(demo, id).Extract()
	must(err)
	check(image.Status == images.ImageStatusActive, "what is uploaded is not active", image.Status)
	check(image.SizeBytes == int64(len(data)), "its size is another", image.SizeBytes)
	check(image.Properties["colour"] == "red", "its property is lost", image.Properties)
	body, err := imagedata.Download(demo, id).Extract()
	must(err)
	read, err := io.ReadAll(body)
	must(err)
	check(bytes.Equal(read, data), "what comes back is not what went in", len(read))
	err = imagedata.Upload(demo, id, bytes.NewReader(data)).ExtractErr()
	_, refused := err.(gophercloud.ErrDefault409)
	check(refused, "a second upload is not refused", err)
	return id
}

func changes(demo *gophercloud.ServiceClient, id string) {
	image, err := images.Update(demo, id, images.UpdateOpts{
		images.ReplaceImageName{NewName: "renamed"},
		images.ReplaceImageTags{NewTags: []string{"a", "b"}},
		images.UpdateImageProperty{Op: images.AddOp, Name: "size_of", Value: "ship"},
		images.UpdateImageProperty{Op: images.RemoveOp, Name: "colour"},
	}).Extract()
	must(err)
	check(image.Name == "renamed" && len(image.Tags) == 2, "its name and tags are others", image)
	check(image.Properties["size_of"] == "ship" && image.Properties["colour"] == nil, "its properties are others", image)
}

func sharing(demo, alt *gophercloud.ServiceClient, id string) {
	_, err := images.Get(alt, id).Extract()
	_, hidden := err.(gophercloud.ErrDefault404)
	check(hidden, "another project sees it", err)
	_, err = members.Create(demo, id, "alt").Extract()
	must(err)
	_, err = members.Update(alt, id, "alt", members.UpdateOpts{Status: "accepted"}).Extract()
	must(err)
	image, err := images.Get(alt, id).Extract()
	must(err)
	check(image.Name == "renamed", "a member sees another", image)
	must(members.Delete(demo, id, "alt").ExtractErr())
}

func imports(demo *gophercloud.ServiceClient) string {
	id := create(demo, "imported")
	must(imagedata.Stage(demo, id, bytes.NewReader(data)).ExtractErr())
	must(imageimport.Create(demo, id, imageimport.CreateOpts{Name: imageimport.GlanceDirectMethod}).ExtractErr())
	until(demo, id, images.ImageStatusActive)
	return id
}

func lists(demo *gophercloud.ServiceClient, wanted int) {
	seen := 0
	pages := images.List(demo, images.ListOpts{Limit: 1, SortKey: "name", SortDir: "asc"})
	must(pages.EachPage(func(page pagination.Page) (bool, error) {
		some, err := images.ExtractImages(page)
		check(len(some) <= 1, "a page is longer than asked for", len(some))
		seen += len(some)
		return true, err
	}))
	check(seen == wanted, "a list has another number of images", seen)
}

func main() {
	demo, alt := login("demo"), login("alt")
	lists(demo, 0)
	ids := []string{uploads(demo)}
	changes(demo, ids[0])
	sharing(demo, alt, ids[0])
	ids = append(ids, imports(demo), create(demo, "never filled"))
	lists(demo, len(ids))
	for _, id := range ids {
		must(images.Delete(demo, id).ExtractErr())
		_, err := images.Get(demo, id).Extract()
		_, gone := err.(gophercloud.ErrDefault404)
		check(gone, "what is deleted is still there", err)
	}
	lists(demo, 0)
	log.Print("gophercloud: the whole lifecycle")
}
